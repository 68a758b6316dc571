// SPDX-License-Identifier: Apache-2.0
// Lets the suite, which is Python, call through Amazon's own SDK for JavaScript. A request is a line
//   {"id": 1, "endpoint": "http://...", "key": "...", "secret": "...", "action": "SendMessage", "input": {...},
//    "giveUpMs": 1000}
// and its answer, whenever it comes, a line {"id": 1} with one of "output", "error" and "lost" (no
// answer of the server came; "gaveUp": it was us who ended it). Bytes travel as {"$bytes": base64}.
import { createInterface } from "node:readline";
import * as sqs from "@aws-sdk/client-sqs";

const clients = new Map();

function clientFor({ endpoint, key, secret }) {
  const name = [endpoint, key, secret].join(" ");
  if (!clients.has(name)) {
    clients.set(name, new sqs.SQSClient({
      endpoint, region: "us-east-1", credentials: { accessKeyId: key, secretAccessKey: secret }, maxAttempts: 1,
      requestHandler: { httpAgent: { maxSockets: 200 } },
    }));
  }
  return clients.get(name);
}

/** `value` with each {"$bytes"} inside it made bytes. */
function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string") return Uint8Array.from(Buffer.from(value.$bytes, "base64"));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner)]));
}

/** For JSON.stringify: the other way. */
const asText = (_, value) =>
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value;

function described(error) {
  const status = error.$metadata?.httpStatusCode;
  if (!status) return { lost: `${error.name}: ${error.message}`, gaveUp: error.name === "AbortError" };
  const [code, type] = (error.$response?.headers["x-amzn-query-error"] ?? "").split(";");
  return { error: { name: error.name, code, type, status, message: error.message, fault: error.$fault,
    shownCode: error.Code, isModelled: Object.hasOwn(sqs, error.name) } };
}

async function answer(line) {
  const request = JSON.parse(line);
  const giveUp = new AbortController();
  const timer = request.giveUpMs && setTimeout(() => giveUp.abort(), request.giveUpMs);
  let said;
  try {
    const command = new sqs[`${request.action}Command`](withBytes(request.input));
    const { $metadata, ...output } = await clientFor(request).send(command, { abortSignal: giveUp.signal });
    said = { output };
  } catch (error) {
    said = described(error);
  } finally {
    clearTimeout(timer);
  }
  process.stdout.write(JSON.stringify({ id: request.id, ...said }, asText) + "\n");
}

for await (const line of createInterface({ input: process.stdin })) answer(line);
process.exit(0);
