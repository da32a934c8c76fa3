// Key pairs. Node's own objects of a new pair share a lock with the job that made them: a key that is exported while that job is collected
// waits for itself, for ever. Keys that were read from PEM have a lock of their own.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";

export function keyPair(type, options) {
  const encodings = { privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } };
  const { privateKey, publicKey } = generateKeyPairSync(type, { ...options, ...encodings });
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) };
}
