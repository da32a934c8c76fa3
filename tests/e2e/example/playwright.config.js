// Playwright Test starts both for the time of the tests, and waits until they answer.
export default {
  use: { baseURL: "http://localhost:3000" },
  webServer: [
    { command: "authcfg mock github", url: "http://127.0.0.1:9400/" },
    { command: "npm start", url: "http://localhost:3000/", env: { GITHUB: "http://127.0.0.1:9400/github" } },
  ],
};
