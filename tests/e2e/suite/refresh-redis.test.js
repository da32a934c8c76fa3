// What refresh.test.js sees, with Redis for a store.
process.env.REFRESH_STORE = "redis";
await import("./refresh.test.js");
