// A certificate for one run: self-signed, for this machine's loopback names. Written out in DER, since Node.js reads certificates but makes none.
import { createSign, randomBytes } from "node:crypto";
import { keyPair } from "./keys.js";

const DAY_MS = 86_400_000;

/** `{key, cert}` as `https.createServer` takes them. */
export function selfSigned({ names = ["localhost"], addresses = ["127.0.0.1", "127.0.0.2"] } = {}) {
  const { privateKey, publicKey } = keyPair("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = sequence(tagged(0x31, sequence(oid("550403"), tagged(0x0c, Buffer.from("authcfg e2e")))));
  const time = (at) => tagged(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2)}`));
  const alternatives = sequence(
    ...names.map((one) => tagged(0x82, Buffer.from(one))),
    ...addresses.map((one) => tagged(0x87, Buffer.from(one.split(".").map(Number)))),
  );
  const certificate = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm, name, sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)), name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(sequence(oid("551d11"), tagged(0x04, alternatives)))),
  );
  const signature = createSign("sha256").update(certificate).sign(privateKey);
  const der = sequence(certificate, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString("base64").match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) };
}

function tagged(tag, content) {
  const length = content.length;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

function sequence(...parts) {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(hex) {
  return tagged(0x06, Buffer.from(hex, "hex"));
}
