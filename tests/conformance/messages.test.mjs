// SPDX-License-Identifier: Apache-2.0
// Sending messages, one or a batch, and what a receiver is told of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodies, call, counts, elapsed, errorName, makeQueue, md5, md5OfAttributes, receive, receiveMany, receiveOne,
  refused, send, useServer } from "./harness.mjs";

useServer();

const MEBIBYTE = 1024 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const string = (StringValue, DataType = "String") => ({ DataType, StringValue });
const entries = (count, more = {}) =>
  Array.from({ length: count }, (_, i) => ({ Id: `id-${i}`, MessageBody: `body ${i}`, ...more }));
const sendBatch = (QueueUrl, Entries) => call("SendMessageBatch", { QueueUrl, Entries });

describe("SendMessage", () => {
  test("answers with an id and the digest, and the receiver gets the body as it was", async () => {
    const url = await makeQueue();
    const body = "tab\t line\r\n quote\" back\\ </x>&amp; \u00e4\u20ac\ud7ff\ue000\ufffd \u{10000}\u{1f9f5}\u{10ffff}";
    const sent = await send(url, body);
    assert.match(sent.MessageId, UUID);
    assert.equal(sent.MD5OfMessageBody, md5(body));
    const got = await receiveOne(url);
    assert.equal(got.Body, body);
    assert.equal(got.MessageId, sent.MessageId);
    assert.equal(got.MD5OfBody, md5(body));
  });

  test("an empty body is refused", async () => {
    await refused(send(await makeQueue(), ""), "MissingParameter");
  });

  for (const bad of ["\u0000", "\u0001", "\u000b", "\u001f", "\ufffe", "\uffff"]) {
    const name = `U+${bad.codePointAt(0).toString(16).padStart(4, "0")}`;
    test(`a body with ${name} is refused`, async () => {
      const url = await makeQueue();
      await refused(send(url, `a${bad}b`), "InvalidMessageContents");
      assert.deepEqual(await counts(url), [0, 0, 0]);
    });
  }

  test("a mebibyte is taken whole, one byte more is refused", async () => {
    const url = await makeQueue();
    await refused(send(url, "x".repeat(MEBIBYTE + 1)), "InvalidParameterValue");
    const body = "0123456789abcdef".repeat(MEBIBYTE / 16);
    await send(url, body);
    assert.equal((await receiveOne(url)).Body, body);
  });

  test("the limit is in bytes, is the queue's own, and includes the attributes", async () => {
    const url = await makeQueue({ MaximumMessageSize: "1024" });
    await send(url, "x".repeat(1024));
    await refused(send(url, "x".repeat(1025)), "InvalidParameterValue");
    await refused(send(url, "\u00e4".repeat(513)), "InvalidParameterValue");
    const MessageAttributes = { name: string("value") }; // 4 + 6 + 5 bytes
    await send(url, "x".repeat(1009), { MessageAttributes });
    await refused(send(url, "x".repeat(1010), { MessageAttributes }), "InvalidParameterValue");
    assert.deepEqual(await counts(url), [2, 0, 0]);
  });
});

describe("message attributes", () => {
  const all = {
    zebra: string("last"), Alpha: string("first"), "a.b-c_9": string("\u00e4\u{1f9f5}"),
    number: string("-12.5e3", "Number"), typed: string("{}", "String.json"), whole: string("7", "Number.int"),
    bytes: { DataType: "Binary", BinaryValue: Uint8Array.from([0, 255, 10, 128]) },
    picture: { DataType: "Binary.png", BinaryValue: Uint8Array.from([137, 80]) },
    "bar.one": string("1"), "bar.two": string("2"),
  };

  test("come back as they were, with Amazon's digest over them", async () => {
    const url = await makeQueue();
    const sent = await send(url, "x", { MessageAttributes: all });
    assert.equal(sent.MD5OfMessageAttributes, md5OfAttributes(all));
    const got = await receiveOne(url, { MessageAttributeNames: ["All"] });
    assert.equal(got.MD5OfMessageAttributes, md5OfAttributes(all));
    assert.deepEqual(Object.keys(got.MessageAttributes).sort(), Object.keys(all).sort());
    for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(all)) {
      const one = got.MessageAttributes[name];
      assert.equal(one.DataType, DataType, name);
      assert.equal(one.StringValue, StringValue, name);
      assert.deepEqual(one.BinaryValue && [...one.BinaryValue], BinaryValue && [...BinaryValue], name);
    }
  });

  for (const [filter, expected] of [
    [undefined, []], [["none"], []], [["zebra"], ["zebra"]], [["bar.*"], ["bar.one", "bar.two"]],
    [["Alpha", "bar.one", "none"], ["Alpha", "bar.one"]], [[".*"], Object.keys(all)], [["All"], Object.keys(all)],
  ]) {
    test(`of them a receiver gets those it asks for: ${filter}`, async () => {
      const url = await makeQueue();
      await send(url, "x", { MessageAttributes: all });
      const got = await receiveOne(url, { MessageAttributeNames: filter });
      assert.deepEqual(Object.keys(got.MessageAttributes ?? {}).sort(), [...expected].sort());
    });
  }

  const refusedAttributes = {
    "eleven of them": Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}`, string("x")])),
    "a name that begins with AWS.": { "AWS.x": string("x") },
    "a name that begins with amazon.": { "amazon.x": string("x") },
    "a name with a dot in front": { ".x": string("x") },
    "a name with a dot behind": { "x.": string("x") },
    "a name with two dots": { "x..y": string("x") },
    "a name with a space": { "x y": string("x") },
    "a name of 257 characters": { ["x".repeat(257)]: string("x") },
    "a type that there is not": { x: string("x", "Text") },
    "a number that is none": { x: string("twelve", "Number") },
    "an empty value": { x: string("") },
  };
  for (const [what, MessageAttributes] of Object.entries(refusedAttributes)) {
    test(`${what}: refused`, async () => {
      const url = await makeQueue();
      await refused(send(url, "x", { MessageAttributes }), "InvalidParameterValue");
      assert.deepEqual(await counts(url), [0, 0, 0]);
    });
  }
});

describe("SendMessageBatch", () => {
  test("takes ten, and answers for each", async () => {
    const url = await makeQueue();
    const MessageAttributes = { a: string("b") };
    const answer = await sendBatch(url, entries(10, { MessageAttributes }));
    assert.deepEqual(answer.Successful.map((one) => one.Id), entries(10).map((one) => one.Id));
    assert.deepEqual(answer.Failed ?? [], []);
    assert.equal(new Set(answer.Successful.map((one) => one.MessageId)).size, 10);
    answer.Successful.forEach((one, i) => {
      assert.equal(one.MD5OfMessageBody, md5(`body ${i}`));
      assert.equal(one.MD5OfMessageAttributes, md5OfAttributes(MessageAttributes));
    });
    assert.deepEqual(bodies(await receiveMany(url, 10)), entries(10).map((one) => one.MessageBody));
  });

  for (const [what, list, name] of [
    ["no entry", [], "EmptyBatchRequest"],
    ["eleven entries", entries(11), "TooManyEntriesInBatchRequest"],
    ["an id twice", [...entries(2), ...entries(1)], "BatchEntryIdsNotDistinct"],
    ["an id with a space", [{ Id: "a b", MessageBody: "x" }], "InvalidBatchEntryId"],
    ["an id of 81 characters", [{ Id: "x".repeat(81), MessageBody: "x" }], "InvalidBatchEntryId"],
    ["an empty id", [{ Id: "", MessageBody: "x" }], "InvalidBatchEntryId"],
    ["more than a mebibyte together", entries(2, { MessageBody: "x".repeat(MEBIBYTE / 2 + 1) }), "BatchRequestTooLong"],
  ]) {
    test(`${what}: refused as a whole with ${name}`, async () => {
      const url = await makeQueue();
      const error = await refused(sendBatch(url, list), name);
      assert.equal(error.$response.headers["x-amzn-query-error"], `AWS.SimpleQueueService.${name};Sender`);
      assert.deepEqual(await counts(url), [0, 0, 0]);
    });
  }

  test("an id may have 80 characters, letters, digits, - and _", async () => {
    const Id = "aZ0-_".repeat(16);
    const answer = await sendBatch(await makeQueue(), [{ Id, MessageBody: "x" }]);
    assert.equal(answer.Successful[0].Id, Id);
  });

  test("a bad entry fails by itself", async () => {
    const url = await makeQueue({ MaximumMessageSize: "1024" });
    const answer = await sendBatch(url, [
      { Id: "good", MessageBody: "good" },
      { Id: "character", MessageBody: "\u0000" },
      { Id: "large", MessageBody: "x".repeat(1025) },
      { Id: "delay", MessageBody: "x", DelaySeconds: 901 },
      { Id: "also-good", MessageBody: "also good" },
    ]);
    assert.deepEqual(answer.Successful.map((one) => one.Id), ["good", "also-good"]);
    const failed = Object.fromEntries(answer.Failed.map((one) => [one.Id, one]));
    assert.deepEqual(Object.keys(failed).sort(), ["character", "delay", "large"]);
    assert.equal(errorName(failed.character.Code), "InvalidMessageContents");
    assert.equal(errorName(failed.large.Code), "InvalidParameterValue");
    assert.equal(errorName(failed.delay.Code), "InvalidParameterValue");
    for (const one of answer.Failed) assert.equal(one.SenderFault, true);
    assert.deepEqual(bodies(await receiveMany(url, 2)), ["also good", "good"]);
  });
});

describe("ReceiveMessage", () => {
  test("gives one message unless told otherwise, and never more than asked", async () => {
    const url = await makeQueue();
    await sendBatch(url, entries(10));
    await sendBatch(url, entries(10));
    assert.equal((await receive(url)).length, 1);
    assert.ok((await receive(url, { MaxNumberOfMessages: 3 })).length <= 3);
    assert.ok((await receive(url, { MaxNumberOfMessages: 10 })).length <= 10);
  });

  test("gives each message to one receiver while its lease lasts", async () => {
    const url = await makeQueue();
    await sendBatch(url, entries(10));
    const both = await Promise.all([receiveMany(url, 5, { MaxNumberOfMessages: 5 }), receiveMany(url, 5, { MaxNumberOfMessages: 5 })]);
    assert.deepEqual(bodies(both.flat()), entries(10).map((one) => one.MessageBody));
    assert.deepEqual(await counts(url), [0, 10, 0]);
  });

  for (const [name, ...values] of [["MaxNumberOfMessages", 0, 11, -1], ["WaitTimeSeconds", 21, -1],
    ["VisibilityTimeout", 43201, -1]]) {
    for (const value of values) {
      test(`${name} ${value} is refused`, async () => {
        await refused(receive(await makeQueue(), { [name]: value }), "InvalidParameterValue");
      });
    }
  }

  test("answers at once from an empty queue when it may not wait", async () => {
    const url = await makeQueue();
    const [got, ms] = await elapsed(() => receive(url));
    assert.deepEqual(got, []);
    assert.ok(ms < 900, `it took ${ms} ms`);
  });

  test("waits as long as it was told, then answers with nothing", async () => {
    const url = await makeQueue();
    const [got, ms] = await elapsed(() => receive(url, { WaitTimeSeconds: 1 }));
    assert.deepEqual(got, []);
    assert.ok(ms > 900 && ms < 5000, `it took ${ms} ms`);
  });

  test("waits as long as the queue says, unless the call says otherwise", async () => {
    const url = await makeQueue({ ReceiveMessageWaitTimeSeconds: "1" });
    const [, queueMs] = await elapsed(() => receive(url));
    assert.ok(queueMs > 900, `it took ${queueMs} ms`);
    const [, callMs] = await elapsed(() => receive(url, { WaitTimeSeconds: 0 }));
    assert.ok(callMs < 900, `it took ${callMs} ms`);
  });

  test("a waiting receiver gets a message when it is sent", async () => {
    const url = await makeQueue();
    const waiting = receive(url, { WaitTimeSeconds: 20 });
    // That a receiver waits cannot be seen from outside: the pause makes it very likely.
    await new Promise((done) => setTimeout(done, 300));
    const [got, ms] = await elapsed(async () => {
      await send(url, "wake up");
      return waiting;
    });
    assert.deepEqual(bodies(got), ["wake up"]);
    assert.ok(ms < 5000, `it took ${ms} ms`);
  });

  test("each of several waiting receivers gets one of as many messages", async () => {
    const url = await makeQueue();
    const waiting = Array.from({ length: 4 }, () => receive(url, { WaitTimeSeconds: 20 }));
    for (let i = 0; i < 4; ++i) await send(url, `m${i}`);
    assert.deepEqual(bodies((await Promise.all(waiting)).flat()), ["m0", "m1", "m2", "m3"]);
  });

  test("tells the system attributes asked for", async () => {
    const url = await makeQueue();
    const earliest = Date.now() - 1000;
    await send(url, "x");
    assert.equal((await receiveOne(url, { VisibilityTimeout: 0 })).Attributes, undefined);
    const some = await receiveOne(url, { VisibilityTimeout: 0, MessageSystemAttributeNames: ["SentTimestamp"] });
    assert.deepEqual(Object.keys(some.Attributes), ["SentTimestamp"]);
    const { Attributes } = await receiveOne(url, { VisibilityTimeout: 0, MessageSystemAttributeNames: ["All"] });
    assert.equal(Attributes.ApproximateReceiveCount, "3");
    assert.ok(Attributes.SenderId);
    const sent = Number(Attributes.SentTimestamp);
    const first = Number(Attributes.ApproximateFirstReceiveTimestamp);
    assert.ok(earliest < sent && sent <= first && first < Date.now() + 1000, `${earliest} ${sent} ${first}`);
    const old = await receiveOne(url, { AttributeNames: ["ApproximateReceiveCount"] });
    assert.deepEqual(old.Attributes, { ApproximateReceiveCount: "4" }, "the older field works too");
  });

  test("tells the trace header that the sender gave", async () => {
    const url = await makeQueue();
    const MessageSystemAttributes = { AWSTraceHeader: string("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1") };
    const sent = await send(url, "x", { MessageSystemAttributes });
    assert.equal(sent.MD5OfMessageSystemAttributes, md5OfAttributes(MessageSystemAttributes));
    const got = await receiveOne(url, { MessageSystemAttributeNames: ["AWSTraceHeader"] });
    assert.deepEqual(got.Attributes, { AWSTraceHeader: MessageSystemAttributes.AWSTraceHeader.StringValue });
  });
});
