// SPDX-License-Identifier: Apache-2.0
// Dead-letter queues: what could not be done goes there, and is never lost on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attributes, call, counts, makeQueue, md5OfAttributes, receive, receiveOne, send,
  useServer } from "./harness.mjs";

useServer();

const arn = async (url) => (await attributes(url, "QueueArn")).QueueArn;
const policy = (deadLetterTargetArn, maxReceiveCount) =>
  ({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) });
const failOnce = (url) => receiveOne(url, { VisibilityTimeout: 0, WaitTimeSeconds: 0 });

async function pair(maxReceiveCount) {
  const dead = await makeQueue();
  return [await makeQueue(policy(await arn(dead), maxReceiveCount)), dead];
}

for (const maxReceiveCount of [2, "2"]) {
  test(`after ${typeof maxReceiveCount} maxReceiveCount receives a message moves, as it was`, async () => {
    const [url, dead] = await pair(maxReceiveCount);
    const MessageAttributes = { kept: { DataType: "String", StringValue: "yes" } };
    const sent = await send(url, "poison", { MessageAttributes });
    await failOnce(url);
    await failOnce(url);
    assert.deepEqual(await receive(url, { WaitTimeSeconds: 1 }), []);
    const got = await receiveOne(dead, { MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"] });
    assert.equal(got.Body, "poison");
    assert.equal(got.MessageId, sent.MessageId);
    assert.equal(got.MD5OfMessageAttributes, md5OfAttributes(MessageAttributes));
    assert.equal(got.Attributes.DeadLetterQueueSourceArn, await arn(url));
    assert.deepEqual(await counts(url), [0, 0, 0]);
    assert.deepEqual(await counts(dead), [0, 1, 0]);
  });
}

test("a lease that runs out for the last time moves the message too", async () => {
  const [url, dead] = await pair(1);
  await send(url, "poison");
  await receiveOne(url, { VisibilityTimeout: 1 });
  assert.deepEqual(await receive(url, { WaitTimeSeconds: 2 }), []);
  assert.equal((await receiveOne(dead)).Body, "poison");
});

test("a message that is done in time does not move", async () => {
  const [url, dead] = await pair(2);
  await send(url, "good");
  await failOnce(url);
  const { ReceiptHandle } = await receiveOne(url);
  await call("DeleteMessage", { QueueUrl: url, ReceiptHandle });
  assert.deepEqual(await receive(url), []);
  assert.deepEqual(await counts(dead), [0, 0, 0]);
});

test("a message that never moved names no source", async () => {
  const url = await makeQueue();
  await send(url, "x");
  const got = await receiveOne(url, { MessageSystemAttributeNames: ["All"] });
  assert.equal(got.Attributes.DeadLetterQueueSourceArn, undefined);
});

test("a message outlives a dead-letter queue that is gone", async () => {
  const [url, dead] = await pair(1);
  await send(url, "precious");
  await call("DeleteQueue", { QueueUrl: dead });
  for (let i = 0; i < 4; ++i) assert.equal((await failOnce(url)).Body, "precious");
  assert.deepEqual(await counts(url), [1, 0, 0]);
});

test("the policy is told as it was given, and an empty one clears it", async () => {
  const [url, dead] = await pair(3);
  const { RedrivePolicy } = await attributes(url, "RedrivePolicy");
  const told = JSON.parse(RedrivePolicy);
  assert.equal(told.deadLetterTargetArn, await arn(dead));
  assert.equal(Number(told.maxReceiveCount), 3);
  await call("SetQueueAttributes", { QueueUrl: url, Attributes: { RedrivePolicy: "" } });
  assert.equal((await attributes(url, "All")).RedrivePolicy, undefined);
  await send(url, "x");
  for (let i = 0; i < 5; ++i) await failOnce(url);
});

for (const [what, policyFor] of [
  ["that is no JSON", () => "not json"],
  ["without a target", () => '{"maxReceiveCount":2}'],
  ["with a target that is no ARN", () => policy("x", 2).RedrivePolicy],
  ["with a count of 0", (target) => policy(target, 0).RedrivePolicy],
  ["with a count of 1001", (target) => policy(target, 1001).RedrivePolicy],
]) {
  test(`a policy ${what} is refused`, async () => {
    const RedrivePolicy = policyFor(await arn(await makeQueue()));
    const url = await makeQueue();
    // The model names InvalidAttributeValue, the service has also been seen to say InvalidParameterValue.
    await assert.rejects(call("SetQueueAttributes", { QueueUrl: url, Attributes: { RedrivePolicy } }),
      (error) => /^(InvalidAttributeValue|InvalidParameterValue)/.test(error.name));
    assert.equal((await attributes(url, "All")).RedrivePolicy, undefined);
  });
}
