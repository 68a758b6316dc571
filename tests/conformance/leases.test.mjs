// SPDX-License-Identifier: Apache-2.0
// What a lease means: delete, change and expiry of visibility, delays, receipt handles.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodies, call, counts, elapsed, errorName, makeQueue, receive, receiveMany, receiveOne, refused, send,
  useServer } from "./harness.mjs";

useServer();

const remove = (QueueUrl, ReceiptHandle) => call("DeleteMessage", { QueueUrl, ReceiptHandle });
const change = (QueueUrl, ReceiptHandle, VisibilityTimeout) =>
  call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout });
const GARBAGE = ["garbage", "AQEB" + "x".repeat(300), "\u00e4\u20ac", "../../x"];

/** A queue with a message that is leased for `seconds`. */
async function leased(seconds, settings) {
  const url = await makeQueue(settings);
  await send(url, "leased");
  const { ReceiptHandle } = await receiveOne(url, { VisibilityTimeout: seconds });
  return [url, ReceiptHandle];
}

/** Lets time pass on the server's own clock. */
async function pass(seconds) {
  await receive(await makeQueue(), { WaitTimeSeconds: seconds });
}

describe("visibility", () => {
  for (const [whose, settings, more] of [["the call's", undefined, { VisibilityTimeout: 1 }],
    ["the queue's", { VisibilityTimeout: "1" }, {}]]) {
    test(`a message is hidden for ${whose} timeout and then comes back`, async () => {
      const url = await makeQueue(settings);
      const sent = await send(url, "again");
      await receiveOne(url, more);
      assert.deepEqual(await receive(url), []);
      const [got, ms] = await elapsed(() =>
        receiveOne(url, { MessageSystemAttributeNames: ["ApproximateReceiveCount"] }));
      assert.equal(got.MessageId, sent.MessageId);
      assert.equal(got.Attributes.ApproximateReceiveCount, "2");
      assert.ok(ms > 500 && ms < 4000, `it took ${ms} ms`);
    });
  }

  test("a timeout of 0 leaves the message visible", async () => {
    const [url] = await leased(0);
    assert.deepEqual(await counts(url), [1, 0, 0]);
    await receiveOne(url, { WaitTimeSeconds: 0 });
  });

  test("changed to 0 it gives the message back at once", async () => {
    const [url, handle] = await leased(600);
    await change(url, handle, 0);
    assert.equal((await receiveOne(url, { WaitTimeSeconds: 0 })).Body, "leased");
  });

  test("changed to more it keeps the message hidden", async () => {
    const [url, handle] = await leased(1);
    await change(url, handle, 600);
    assert.deepEqual(await receive(url, { WaitTimeSeconds: 2 }), []);
  });

  test("changed to less it counts from now, and wakes a receiver that waits", async () => {
    const [url, handle] = await leased(600);
    const waiting = receiveOne(url, { WaitTimeSeconds: 10 });
    await change(url, handle, 1);
    const [, ms] = await elapsed(() => waiting);
    assert.ok(ms > 500 && ms < 5000, `it took ${ms} ms`);
  });

  test("a change is not remembered for the next receive", async () => {
    const [url, handle] = await leased(600, { VisibilityTimeout: "1" });
    await change(url, handle, 0);
    await receiveOne(url);
    await receiveOne(url); // the queue's own second has passed
  });

  test("a timeout over 12 hours is refused", async () => {
    const [url, handle] = await leased(600);
    await refused(change(url, handle, 43201), "InvalidParameterValue");
    await refused(change(url, handle, -1), "InvalidParameterValue");
    await change(url, handle, 43000);
  });

  test("12 hours in all, from the receive, are refused too and change nothing", async () => {
    const [url, handle] = await leased(600);
    await pass(2);
    await refused(change(url, handle, 43200), "InvalidParameterValue");
    assert.deepEqual(await counts(url), [0, 1, 0]);
    await change(url, handle, 0);
    await receiveOne(url, { WaitTimeSeconds: 0 });
  });

  test("of a message that is not in flight it cannot be changed", async () => {
    const [url, handle] = await leased(600);
    await change(url, handle, 0);
    await refused(change(url, handle, 10), "MessageNotInflight");
    const [expired, old] = await leased(1);
    await receiveOne(expired, { VisibilityTimeout: 0 });
    await refused(change(expired, old, 10), "MessageNotInflight");
  });

  for (const handle of GARBAGE) {
    test(`of the handle ${handle.slice(0, 10)} it cannot be changed`, async () => {
      await refused(change(await makeQueue(), handle, 10), "ReceiptHandleIsInvalid", 404);
    });
  }

  test("a batch changes what it can, and says what it could not", async () => {
    const url = await makeQueue();
    for (const body of ["a", "b"]) await send(url, body);
    const [a, b] = await receiveMany(url, 2);
    const answer = await call("ChangeMessageVisibilityBatch", { QueueUrl: url, Entries: [
      { Id: "good", ReceiptHandle: a.ReceiptHandle, VisibilityTimeout: 0 },
      { Id: "long", ReceiptHandle: b.ReceiptHandle, VisibilityTimeout: 43201 },
      { Id: "garbage", ReceiptHandle: "garbage", VisibilityTimeout: 1 },
    ] });
    assert.deepEqual(answer.Successful.map((one) => one.Id), ["good"]);
    const codes = Object.fromEntries(answer.Failed.map((one) => [one.Id, errorName(one.Code)]));
    assert.deepEqual(codes, { long: "InvalidParameterValue", garbage: "ReceiptHandleIsInvalid" });
    assert.deepEqual(await counts(url), [1, 1, 0]);
  });
});

describe("deleting", () => {
  test("a deleted message never comes back", async () => {
    const [url, handle] = await leased(1);
    await remove(url, handle);
    assert.deepEqual(await receive(url, { WaitTimeSeconds: 2 }), []);
    assert.deepEqual(await counts(url), [0, 0, 0]);
  });

  test("twice is as good as once", async () => {
    const [url, handle] = await leased(600);
    await remove(url, handle);
    await remove(url, handle);
  });

  test("works with the handle of a lease that has passed, while nobody else has the message", async () => {
    const [url, handle] = await leased(0);
    await remove(url, handle);
    assert.deepEqual(await counts(url), [0, 0, 0]);
  });

  test("an older handle of a message that was received again is no error", async () => {
    const [url, handle] = await leased(0);
    const { ReceiptHandle } = await receiveOne(url);
    assert.notEqual(ReceiptHandle, handle);
    await remove(url, handle);
    await remove(url, ReceiptHandle);
    assert.deepEqual(await counts(url), [0, 0, 0]);
  });

  for (const handle of GARBAGE) {
    test(`with the handle ${handle.slice(0, 10)} is refused`, async () => {
      await refused(remove(await makeQueue(), handle), "ReceiptHandleIsInvalid", 404);
    });
  }

  test("with a handle of another queue leaves the message alone", async () => {
    const [url, handle] = await leased(600);
    const other = await makeQueue();
    await remove(other, handle).catch(() => {}); // refused or ignored
    assert.deepEqual(await counts(url), [0, 1, 0]);
  });

  test("a batch deletes what it can, and says what it could not", async () => {
    const url = await makeQueue();
    for (const body of ["a", "b", "c"]) await send(url, body);
    const [a, b] = await receiveMany(url, 3);
    const answer = await call("DeleteMessageBatch", { QueueUrl: url, Entries: [
      { Id: "a", ReceiptHandle: a.ReceiptHandle },
      { Id: "garbage", ReceiptHandle: "garbage" },
      { Id: "b", ReceiptHandle: b.ReceiptHandle },
    ] });
    assert.deepEqual(answer.Successful.map((one) => one.Id).sort(), ["a", "b"]);
    assert.deepEqual(answer.Failed.map((one) => [one.Id, errorName(one.Code), one.SenderFault]),
      [["garbage", "ReceiptHandleIsInvalid", true]]);
    assert.deepEqual(await counts(url), [0, 1, 0]);
  });

  for (const action of ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]) {
    test(`${action} is refused as a whole when its list is wrong`, async () => {
      const QueueUrl = await makeQueue();
      const entry = (Id) => ({ Id, ReceiptHandle: "x", VisibilityTimeout: 1 });
      const many = Array.from({ length: 11 }, (_, i) => entry(`id-${i}`));
      await refused(call(action, { QueueUrl, Entries: [] }), "EmptyBatchRequest");
      await refused(call(action, { QueueUrl, Entries: many }), "TooManyEntriesInBatchRequest");
      await refused(call(action, { QueueUrl, Entries: [entry("a"), entry("a")] }), "BatchEntryIdsNotDistinct");
      await refused(call(action, { QueueUrl, Entries: [entry("a b")] }), "InvalidBatchEntryId");
    });
  }
});

describe("delays", () => {
  for (const [whose, settings, more] of [["its own", undefined, { DelaySeconds: 1 }],
    ["the queue's", { DelaySeconds: "1" }, {}]]) {
    test(`a message is hidden for ${whose} delay, then wakes a receiver that waits`, async () => {
      const url = await makeQueue(settings);
      await send(url, "later", more);
      assert.deepEqual(await counts(url), [0, 0, 1]);
      assert.deepEqual(await receive(url), []);
      const [got, ms] = await elapsed(() => receiveOne(url));
      assert.equal(got.Body, "later");
      assert.ok(ms > 500 && ms < 4000, `it took ${ms} ms`);
    });
  }

  test("a message's own delay of 0 overrides the queue's", async () => {
    const url = await makeQueue({ DelaySeconds: "900" });
    await send(url, "now", { DelaySeconds: 0 });
    await receiveOne(url, { WaitTimeSeconds: 0 });
  });

  test("each message of a batch has its own", async () => {
    const url = await makeQueue();
    await call("SendMessageBatch", { QueueUrl: url, Entries: [
      { Id: "now", MessageBody: "now" }, { Id: "later", MessageBody: "later", DelaySeconds: 900 },
    ] });
    assert.deepEqual(await counts(url), [1, 0, 1]);
    assert.deepEqual(bodies(await receive(url, { MaxNumberOfMessages: 10 })), ["now"]);
  });

  for (const DelaySeconds of [-1, 901]) {
    test(`a delay of ${DelaySeconds} is refused`, async () => {
      await refused(send(await makeQueue(), "x", { DelaySeconds }), "InvalidParameterValue");
    });
  }
});
