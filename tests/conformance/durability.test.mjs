// SPDX-License-Identifier: Apache-2.0
// Acknowledged means kept: a server that is killed with SIGKILL forgets nothing that it answered.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server, STORE, bodies, call } from "./harness.mjs";

const skip = STORE === "memory" && "the memory store keeps nothing";

/** A test with a folder, and a way to have a server on it: the one before it is killed. */
function killTest(name, body) {
  test(name, { skip }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "selvage-"));
    let server;
    const restart = async () => {
      await server?.kill9();
      server = await Server.start(folder);
      const { client } = server;
      return { server, does: (action, input) => call(action, input, client) };
    };
    try {
      await body(restart);
    } finally {
      await server?.kill9();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function urlOf(does, QueueName) {
  return (await does("GetQueueUrl", { QueueName })).QueueUrl;
}

async function countsOf(does, QueueUrl) {
  const { Attributes } = await does("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
  return ["", "NotVisible", "Delayed"].map((kind) => Number(Attributes[`ApproximateNumberOfMessages${kind}`]));
}

async function drain(does, QueueUrl) {
  const all = [];
  for (;;) {
    const { Messages } = await does("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
    if (!Messages?.length) return all;
    all.push(...Messages);
  }
}

async function sendTen(does, QueueUrl, kind) {
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `${i}`, MessageBody: `${kind} ${i}` }));
  assert.equal((await does("SendMessageBatch", { QueueUrl, Entries })).Successful.length, 10);
}

killTest("what was sent, deleted, taken and delayed is so after a kill, to the message", async (restart) => {
  let { does } = await restart();
  let QueueUrl = (await does("CreateQueue", { QueueName: "kept", Attributes: { VisibilityTimeout: "77" } })).QueueUrl;

  await sendTen(does, QueueUrl, "deleted");
  for (const { ReceiptHandle } of await drain(does, QueueUrl)) {
    await does("DeleteMessage", { QueueUrl, ReceiptHandle });
  }
  await sendTen(does, QueueUrl, "taken");
  const taken = await drain(does, QueueUrl);
  await sendTen(does, QueueUrl, "waiting");
  await does("SendMessage", { QueueUrl, MessageBody: "delayed", DelaySeconds: 900 });
  assert.deepEqual(await countsOf(does, QueueUrl), [10, 10, 1]);

  ({ does } = await restart());
  QueueUrl = await urlOf(does, "kept");
  assert.deepEqual(await countsOf(does, QueueUrl), [10, 10, 1]);
  const { Attributes } = await does("GetQueueAttributes", { QueueUrl, AttributeNames: ["VisibilityTimeout"] });
  assert.equal(Attributes.VisibilityTimeout, "77");
  const waiting = await drain(does, QueueUrl);
  assert.deepEqual(bodies(waiting), Array.from({ length: 10 }, (_, i) => `waiting ${i}`));

  // The receipts from before the kill are still good.
  const [first, ...rest] = taken;
  await does("ChangeMessageVisibility", { QueueUrl, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0 });
  const again = await drain(does, QueueUrl);
  assert.deepEqual(bodies(again), [first.Body]);
  for (const { ReceiptHandle } of [...rest, ...again, ...waiting]) {
    await does("DeleteMessage", { QueueUrl, ReceiptHandle });
  }
  assert.deepEqual(await countsOf(does, QueueUrl), [0, 0, 1]);

  ({ does } = await restart());
  assert.deepEqual(await countsOf(does, await urlOf(does, "kept")), [0, 0, 1]);
});

killTest("bodies and attributes come back from the disk as they were", async (restart) => {
  let { does } = await restart();
  const { QueueUrl } = await does("CreateQueue", { QueueName: "whole" });
  const large = "0123456789abcdef".repeat(65536);
  const MessageAttributes = { a: { DataType: "Binary", BinaryValue: Uint8Array.from([0, 255]) } };
  const sent = await does("SendMessage", { QueueUrl, MessageBody: large });
  await does("SendMessage", { QueueUrl, MessageBody: "\u{1f9f5}", MessageAttributes });
  ({ does } = await restart());
  const { Messages } = await does("ReceiveMessage", { QueueUrl: await urlOf(does, "whole"), MaxNumberOfMessages: 10,
    MessageAttributeNames: ["All"], WaitTimeSeconds: 1 });
  assert.equal(Messages.length, 2);
  const [one, other] = Messages[0].MessageAttributes ? [Messages[1], Messages[0]] : Messages;
  assert.equal(one.MessageId, sent.MessageId);
  assert.ok(one.Body === large);
  assert.equal(other.Body, "\u{1f9f5}");
  assert.deepEqual([...other.MessageAttributes.a.BinaryValue], [0, 255]);
});

killTest("killed while senders are at work, it keeps each message it acknowledged, once", async (restart) => {
  let { server, does } = await restart();
  const { QueueUrl } = await does("CreateQueue", { QueueName: "busy" });
  const acknowledged = new Set();
  const tried = new Set();
  let stop = false;
  const sender = async (name) => {
    for (let i = 0; !stop; ++i) {
      const MessageBody = `${name} ${i}`;
      tried.add(MessageBody);
      try {
        await does("SendMessage", { QueueUrl, MessageBody });
        acknowledged.add(MessageBody);
      } catch (error) {
        if (error.$metadata?.httpStatusCode) throw error; // an answer, but not the one it owes
        return; // the connection broke: killed
      }
      if (acknowledged.size === 300) server.child.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, i) => sender(`sender ${i}`)));
  stop = true;
  assert.ok(acknowledged.size >= 300);

  ({ does } = await restart());
  const found = bodies(await drain(does, await urlOf(does, "busy")));
  assert.equal(new Set(found).size, found.length, "a message came twice");
  const lost = [...acknowledged].filter((body) => !found.includes(body));
  assert.deepEqual(lost, [], "acknowledged, but lost");
  assert.deepEqual(found.filter((body) => !tried.has(body)), [], "never sent");
});

killTest("a message deleted before the kill stays deleted, also when it was acknowledged last", async (restart) => {
  let { does } = await restart();
  const { QueueUrl } = await does("CreateQueue", { QueueName: "last" });
  await does("SendMessage", { QueueUrl, MessageBody: "x" });
  const [{ ReceiptHandle }] = await drain(does, QueueUrl);
  await does("DeleteMessage", { QueueUrl, ReceiptHandle });
  ({ does } = await restart());
  assert.deepEqual(await countsOf(does, await urlOf(does, "last")), [0, 0, 0]);
});
