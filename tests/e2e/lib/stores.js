// What a session may be kept in, by name: each has the address that a deployment names, and can be ended, frozen and started again.
import { folder } from "./authcfg.js";
import { startPostgres } from "./postgres.js";
import { startRedis } from "./redis.js";

export const STORES = {
  sqlite: async () => {
    const here = folder();
    return { url: `sqlite:${here.path}/sessions.db`, folder: here.path, stop: () => here.remove() };
  },
  redis: startRedis,
  postgres: startPostgres,
};
