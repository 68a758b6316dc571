// SPDX-License-Identifier: Apache-2.0
// A server of our own for one test file, a client of Amazon's for it, and the verbs that the tests share.
// SELVAGE: the program; SELVAGE_STORE: rocksdb (the default) or memory.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import * as sqs from "@aws-sdk/client-sqs";

const PROGRAM = process.env.SELVAGE ?? resolve(import.meta.dirname, "../../build/release/selvage");
export const STORE = process.env.SELVAGE_STORE ?? "rocksdb";
const READY = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/;
const START_LIMIT_MS = 30_000;

export class Server {
  /** Starts a server on a free port; resolves when it says that it listens. */
  static async start(folder) {
    const server = new Server();
    const store = STORE === "memory" ? ["--memory"] : ["--data", folder];
    server.child = spawn(PROGRAM, ["serve", "--listen", "127.0.0.1:0", ...store], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    server.ended = once(server.child, "exit");
    server.ended.catch(() => {}); // it could not be started: #ready tells
    server.errors = "";
    server.child.stderr.on("data", (text) => (server.errors += text));
    server.url = await server.#ready();
    server.client = new sqs.SQSClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    });
    return server;
  }

  async #ready() {
    await once(this.child, "spawn"); // fails when there is no such program
    const giveUp = () => this.child.stdout.destroy();
    const limit = setTimeout(giveUp, START_LIMIT_MS);
    this.child.once("exit", giveUp);
    let said = "";
    try {
      for await (const line of createInterface({ input: this.child.stdout })) {
        said += line + "\n";
        const match = READY.exec(line);
        if (match) return match[1];
      }
    } catch {
      // the stream was destroyed: told below
    } finally {
      clearTimeout(limit);
      this.child.stdout.resume(); // so that the server never blocks on a full pipe
    }
    this.child.kill("SIGKILL");
    throw new Error(`${PROGRAM} did not say that it listens. It said:\n${said}${this.errors}`);
  }

  async #end(signal) {
    this.client.destroy();
    this.child.kill(signal);
    return this.ended;
  }
  stop() {
    return this.#end("SIGTERM");
  }
  kill9() {
    return this.#end("SIGKILL");
  }
}

let server;

/** Gives the test file a server for its tests. */
export function useServer() {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "selvage-"));
    server = await Server.start(folder);
  });
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });
}

/** call("SendMessage", {...}): sends the command of that name. */
export function call(action, input = {}, on = server.client) {
  return on.send(new sqs[`${action}Command`](input));
}

export const unique = (name) => `${name}-${randomUUID()}`;

export async function makeQueue(Attributes, name = unique("queue")) {
  return (await call("CreateQueue", { QueueName: name, Attributes })).QueueUrl;
}

export async function send(QueueUrl, MessageBody, more = {}) {
  return call("SendMessage", { QueueUrl, MessageBody, ...more });
}

export async function receive(QueueUrl, more = {}) {
  const answer = await call("ReceiveMessage", { QueueUrl, ...more });
  return answer.Messages ?? [];
}

/** Receives the one message that must be there, or come within five seconds. */
export async function receiveOne(QueueUrl, more = {}) {
  const messages = await receive(QueueUrl, { WaitTimeSeconds: 5, ...more });
  assert.equal(messages.length, 1, "a message was expected");
  return messages[0];
}

/** Receives until `count` messages came; fails when the queue is empty before. */
export async function receiveMany(QueueUrl, count, more = {}) {
  const messages = [];
  while (messages.length < count) {
    const got = await receive(QueueUrl, { MaxNumberOfMessages: 10, WaitTimeSeconds: 2, ...more });
    assert.notEqual(got.length, 0, `only ${messages.length} of ${count} messages came`);
    messages.push(...got);
  }
  return messages;
}

export async function attributes(QueueUrl, ...AttributeNames) {
  const answer = await call("GetQueueAttributes", { QueueUrl, AttributeNames });
  return answer.Attributes ?? {};
}

/** [visible, in flight, delayed] */
export async function counts(QueueUrl) {
  const all = await attributes(QueueUrl, "All");
  return ["", "NotVisible", "Delayed"].map((kind) => Number(all[`ApproximateNumberOfMessages${kind}`]));
}

// The old protocol's names, which the SDK may show instead of the modelled ones.
const OLD_NAMES = { NonExistentQueue: "QueueDoesNotExist", QueueAlreadyExists: "QueueNameExists" };

/** The modelled name of an error, whichever of its names is given. */
export function errorName(name) {
  const short = String(name).replace(/^AWS\.SimpleQueueService\./, "");
  return (OLD_NAMES[short] ?? short).replace(/^InvalidParameterValueException$/, "InvalidParameterValue")
    .replace(/^MissingRequiredParameterException$/, "MissingParameter");
}

/** The call must be refused with this name and HTTP status, before or after its old names. */
export async function refused(promise, name, status = 400) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    if (!error.$metadata?.httpStatusCode) throw error; // no answer of the server
    const names = [errorName(error.name), errorName(error.Code ?? error.name)];
    assert.ok(names.includes(name), `${name} was expected, not ${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, status);
    return error;
  }
  assert.fail(`${name} was expected, but the call succeeded: ${JSON.stringify(answer)}`);
}

export const md5 = (data) => createHash("md5").update(data).digest("hex");

/** Amazon's digest of message attributes, written from its description: names in byte order; each
 *  name, type and value after its length in four bytes; one byte before the value for its kind. */
export function md5OfAttributes(all) {
  const withLength = (data) => {
    const bytes = Buffer.from(data);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const names = Object.keys(all).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return md5(Buffer.concat(names.map((name) => {
    const { DataType, StringValue, BinaryValue } = all[name];
    const binary = DataType.startsWith("Binary");
    return Buffer.concat([withLength(name), withLength(DataType), Buffer.from([binary ? 2 : 1]),
      withLength(binary ? BinaryValue : StringValue)]);
  })));
}

export async function elapsed(work) {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
}

export const bodies = (messages) => messages.map((message) => message.Body).sort();
