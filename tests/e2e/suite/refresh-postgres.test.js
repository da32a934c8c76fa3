// What refresh.test.js sees, with PostgreSQL for a store.
process.env.REFRESH_STORE = "postgres";
await import("./refresh.test.js");
