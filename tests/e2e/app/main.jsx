// The application under test: next-auth's own React client, used as its documentation shows.
// `next-auth/react` is version 4 or 5, as the bundle was built.
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { getCsrfToken, getProviders, SessionProvider, signIn, signOut, useSession } from "next-auth/react";

function App() {
  const { data: session, status, update } = useSession();
  return (
    <main>
      <h1>An application</h1>
      <p>Status: <output id="status">{status}</output></p>
      {session ? (
        <>
          <pre id="session">{JSON.stringify(session)}</pre>
          <button id="update" onClick={() => update()}>Refresh</button>
          <button id="sign-out" onClick={() => signOut()}>Sign out</button>
        </>
      ) : <SignIn />}
    </main>
  );
}

function SignIn() {
  const [providers, setProviders] = useState({});
  const [email, setEmail] = useState("");
  useEffect(() => void getProviders().then((found) => setProviders(found ?? {})), []);
  const byDomain = (event) => {
    event.preventDefault();
    signIn("workos", undefined, { domain: email.split("@")[1] });
  };
  return (
    <>
      <ul>
        {Object.values(providers).map((provider) => (
          <li key={provider.id}>
            <button data-provider={provider.id} onClick={() => signIn(provider.id)}>Sign in with {provider.name}</button>
          </li>
        ))}
      </ul>
      <form id="by-domain" onSubmit={byDomain}>
        <label>Work e-mail <input type="email" value={email} onChange={(event) => setEmail(event.target.value)} /></label>
        <button>Continue</button>
      </form>
    </>
  );
}

// For tests that pass what no button passes: an odd callbackUrl, an organization.
globalThis.client = { getCsrfToken, getProviders, signIn, signOut };

createRoot(document.getElementById("root")).render(<StrictMode><SessionProvider><App /></SessionProvider></StrictMode>);
