// Auth.js as a server on loopback, configured from the same variables as `authcfg serve`, to be measured in the same run.
//
//     AUTH_SECRET=… AUTH_URL=… node tests/bench/authjs.mjs 127.0.0.1:3101
import { authjsServer } from "../e2e/lib/authjs.js";

const [host, port] = (process.argv[2] ?? "127.0.0.1:0").split(":");
const server = authjsServer(process.env);
server.listen(Number(port), host, () => console.log(`listening on http://${host}:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
