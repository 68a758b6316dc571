// SPDX-License-Identifier: Apache-2.0
// Making, finding, changing and deleting queues.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attributes, call, counts, makeQueue, receive, refused, send, unique, useServer } from "./harness.mjs";

useServer();

test("a new queue has a URL that ends with its name, and the defaults of the contract", async () => {
  const name = unique("defaults");
  const url = await makeQueue(undefined, name);
  assert.match(url, new RegExp(`^https?://.+/${name}$`));
  const all = await attributes(url, "All");
  const expected = {
    VisibilityTimeout: "30", DelaySeconds: "0", MaximumMessageSize: "1048576",
    MessageRetentionPeriod: "345600", ReceiveMessageWaitTimeSeconds: "0",
    ApproximateNumberOfMessages: "0", ApproximateNumberOfMessagesNotVisible: "0",
    ApproximateNumberOfMessagesDelayed: "0",
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(all[key], value, key);
  assert.match(all.QueueArn, new RegExp(`^arn:aws:sqs:us-east-1:\\d{12}:${name}$`));
  const now = Date.now() / 1000;
  for (const key of ["CreatedTimestamp", "LastModifiedTimestamp"]) {
    assert.ok(Math.abs(Number(all[key]) - now) < 60, `${key} is ${all[key]}`);
  }
  assert.equal(all.RedrivePolicy, undefined);
});

test("given attributes are kept", async () => {
  const given = {
    VisibilityTimeout: "43200", DelaySeconds: "900", MaximumMessageSize: "1024",
    MessageRetentionPeriod: "1209600", ReceiveMessageWaitTimeSeconds: "20",
  };
  const all = await attributes(await makeQueue(given), "All");
  for (const [key, value] of Object.entries(given)) assert.equal(all[key], value, key);
});

test("creating the same queue again gives the same URL", async () => {
  const name = unique("again");
  const url = await makeQueue({ VisibilityTimeout: "7", DelaySeconds: "3" }, name);
  assert.equal(await makeQueue({ VisibilityTimeout: "7", DelaySeconds: "3" }, name), url);
  assert.equal(await makeQueue({ DelaySeconds: "3" }, name), url, "only given attributes are compared");
  assert.equal(await makeQueue(undefined, name), url);
});

test("creating it again with a differing value is refused, and changes nothing", async () => {
  const name = unique("differs");
  const url = await makeQueue({ VisibilityTimeout: "7" }, name);
  await refused(makeQueue({ VisibilityTimeout: "8" }, name), "QueueNameExists");
  await refused(makeQueue({ DelaySeconds: "1" }, name), "QueueNameExists");
  assert.equal((await attributes(url, "VisibilityTimeout")).VisibilityTimeout, "7");
});

test("names are case-sensitive", async () => {
  const name = unique("case");
  assert.notEqual(await makeQueue(undefined, name), await makeQueue(undefined, name.toUpperCase()));
});

for (const [what, name] of [["81 characters", "x".repeat(81)], ["a space", "a b"], ["a dot", "a.b"],
  ["a letter outside ASCII", "ä"], [".fifo without FifoQueue", "a.fifo"]]) {
  test(`a queue name with ${what} is refused`, async () => {
    await refused(makeQueue(undefined, name), "InvalidParameterValue");
  });
}

test("a queue name may have 80 characters", async () => {
  const name = unique("").padEnd(80, "x_-9");
  assert.ok((await makeQueue(undefined, name)).endsWith(`/${name}`));
});

test("an unknown attribute is refused wherever it is given", async () => {
  await refused(makeQueue({ Nonsense: "1" }), "InvalidAttributeName");
  await refused(makeQueue({ FifoQueue: "false" }), "InvalidAttributeName");
  const url = await makeQueue();
  await refused(call("SetQueueAttributes", { QueueUrl: url, Attributes: { Nonsense: "1" } }), "InvalidAttributeName");
  await refused(attributes(url, "Nonsense"), "InvalidAttributeName");
});

test("an attribute that is only told cannot be set", async () => {
  const url = await makeQueue();
  const set = { QueueUrl: url, Attributes: { ApproximateNumberOfMessages: "1" } };
  await refused(call("SetQueueAttributes", set), "InvalidAttributeName");
});

for (const [name, ...values] of [
  ["VisibilityTimeout", "-1", "43201", "abc", "1.5"],
  ["DelaySeconds", "-1", "901", "x"],
  ["MaximumMessageSize", "1023", "1048577"],
  ["MessageRetentionPeriod", "59", "1209601"],
  ["ReceiveMessageWaitTimeSeconds", "-1", "21"],
]) {
  for (const value of values) {
    test(`${name} '${value}' is refused`, async () => {
      await refused(makeQueue({ [name]: value }), "InvalidAttributeValue");
      const url = await makeQueue();
      const before = await attributes(url, name);
      await refused(call("SetQueueAttributes", { QueueUrl: url, Attributes: { [name]: value } }), "InvalidAttributeValue");
      assert.deepEqual(await attributes(url, name), before);
    });
  }
}

test("of several new values one bad one refuses them all", async () => {
  const url = await makeQueue();
  const Attributes = { DelaySeconds: "5", VisibilityTimeout: "99999" };
  await refused(call("SetQueueAttributes", { QueueUrl: url, Attributes }), "InvalidAttributeValue");
  assert.equal((await attributes(url, "DelaySeconds")).DelaySeconds, "0");
});

test("set attributes are told at once, the others stay", async () => {
  const url = await makeQueue({ DelaySeconds: "3" });
  await call("SetQueueAttributes", { QueueUrl: url, Attributes: { VisibilityTimeout: "11" } });
  assert.deepEqual(await attributes(url, "VisibilityTimeout", "DelaySeconds"),
    { VisibilityTimeout: "11", DelaySeconds: "3" });
});

test("only the attributes asked for are told", async () => {
  const url = await makeQueue();
  assert.deepEqual(await attributes(url, "DelaySeconds"), { DelaySeconds: "0" });
});

test("GetQueueUrl finds a queue, and refuses a name that no queue has", async () => {
  const name = unique("find");
  const url = await makeQueue(undefined, name);
  assert.equal((await call("GetQueueUrl", { QueueName: name })).QueueUrl, url);
  const error = await refused(call("GetQueueUrl", { QueueName: unique("none") }), "QueueDoesNotExist");
  assert.equal(error.$response.headers["x-amzn-query-error"],
    "AWS.SimpleQueueService.NonExistentQueue;Sender");
});

test("every action on a queue that does not exist is refused", async () => {
  const url = (await makeQueue()).replace(/[^/]*$/, unique("none"));
  const entry = { Id: "a" };
  for (const [action, input] of [
    ["SendMessage", { MessageBody: "x" }],
    ["SendMessageBatch", { Entries: [{ ...entry, MessageBody: "x" }] }],
    ["ReceiveMessage", {}],
    ["DeleteMessage", { ReceiptHandle: "x" }],
    ["DeleteMessageBatch", { Entries: [{ ...entry, ReceiptHandle: "x" }] }],
    ["ChangeMessageVisibility", { ReceiptHandle: "x", VisibilityTimeout: 1 }],
    ["GetQueueAttributes", { AttributeNames: ["All"] }],
    ["SetQueueAttributes", { Attributes: { DelaySeconds: "1" } }],
    ["DeleteQueue", {}],
  ]) {
    await refused(call(action, { QueueUrl: url, ...input }), "QueueDoesNotExist");
  }
});

test("ListQueues keeps to the prefix", async () => {
  const prefix = unique("list");
  const urls = [];
  for (const name of ["a", "b", "c"]) urls.push(await makeQueue(undefined, `${prefix}-${name}`));
  await makeQueue(undefined, unique("other"));
  const answer = await call("ListQueues", { QueueNamePrefix: prefix });
  assert.deepEqual(answer.QueueUrls.toSorted(), urls);
  assert.equal(answer.NextToken, undefined, "a token comes only when MaxResults was sent");
  const none = await call("ListQueues", { QueueNamePrefix: unique("none") });
  assert.deepEqual(none.QueueUrls ?? [], []);
});

test("ListQueues goes on where NextToken says, with each queue once", async () => {
  const prefix = unique("page");
  const urls = [];
  for (let i = 0; i < 5; ++i) urls.push(await makeQueue(undefined, `${prefix}-${i}`));
  const seen = [];
  let NextToken;
  let pages = 0;
  do {
    const answer = await call("ListQueues", { QueueNamePrefix: prefix, MaxResults: 2, NextToken });
    assert.ok(answer.QueueUrls.length <= 2);
    seen.push(...answer.QueueUrls);
    NextToken = answer.NextToken;
  } while (NextToken && ++pages < 10);
  assert.deepEqual(seen.toSorted(), urls);
});

for (const MaxResults of [0, 1001]) {
  test(`ListQueues refuses MaxResults ${MaxResults}`, async () => {
    await refused(call("ListQueues", { MaxResults }), "InvalidParameterValue");
  });
}

test("a deleted queue is gone, with its messages", async () => {
  const name = unique("deleted");
  const url = await makeQueue(undefined, name);
  await send(url, "lost with it");
  await call("DeleteQueue", { QueueUrl: url });
  await refused(send(url, "x"), "QueueDoesNotExist");
  await refused(receive(url), "QueueDoesNotExist");
  await refused(call("GetQueueUrl", { QueueName: name }), "QueueDoesNotExist");
  assert.deepEqual((await call("ListQueues", { QueueNamePrefix: name })).QueueUrls ?? [], []);
});

test("the numbers of messages are exact", async () => {
  const url = await makeQueue();
  for (let i = 0; i < 5; ++i) await send(url, `m${i}`);
  await send(url, "later", { DelaySeconds: 900 });
  assert.deepEqual(await counts(url), [5, 0, 1]);
  const [taken] = await receive(url);
  assert.deepEqual(await counts(url), [4, 1, 1]);
  await call("DeleteMessage", { QueueUrl: url, ReceiptHandle: taken.ReceiptHandle });
  assert.deepEqual(await counts(url), [4, 0, 1]);
});
