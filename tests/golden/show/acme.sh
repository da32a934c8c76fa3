# 1 authorization: the browser goes to the provider
curl 'https://eu.acme.example/blue/authorize' \
  -G \
  --data-urlencode 'app=1' \
  --data-urlencode 'response_type=code' \
  --data-urlencode 'app_key=CLIENT_ID' \
  --data-urlencode 'state=STATE' \
  --data-urlencode 'code_challenge=CODE_CHALLENGE' \
  --data-urlencode 'code_challenge_method=S256' \
  --data-urlencode 'redirect_uri=REDIRECT_URI' \
  --data-urlencode 'scope=read' \
  --data-urlencode 'audience=it'\''s blue'

# 2 token: the server turns the code into a token
# id and secret are form-encoded first (RFC 6749 §2.3.1)
curl 'https://api.acme.example/blue/token' \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'Content-Type: application/json' \
  -H 'X-Tenant: blue' \
  -u 'CLIENT_ID:CLIENT_SECRET' \
  --data-raw '{"grant_type":"authorization_code","code":"CODE","code_verifier":"CODE_VERIFIER","redirect_uri":"REDIRECT_URI","site":"SITE_KEY"}'

# 3 userinfo: the server asks who has signed in
curl 'https://api.acme.example/me?v=2' \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'Authorization: Bearer ACCESS_TOKEN' \
  --data-urlencode 'fields=id,name' \
  --data-urlencode 'nonce=UUID'

# 4 emails: the server asks for more
curl 'https://api.acme.example/emails' \
  -G \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  --data-urlencode 'token=ACCESS_TOKEN'
