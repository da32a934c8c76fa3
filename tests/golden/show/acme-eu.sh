# 1 authorization: the browser goes to the provider
# the browser's address ends with #blue
curl 'https://eu.acme.example/blue/authorize' \
  -G \
  --data-urlencode 'response_type=code' \
  --data-urlencode 'app_key=CLIENT_ID' \
  --data-urlencode 'state=STATE' \
  --data-urlencode 'code_challenge=CODE_CHALLENGE' \
  --data-urlencode 'code_challenge_method=S256' \
  --data-urlencode 'redirect_uri=REDIRECT_URI' \
  --data-urlencode 'scope=read' \
  -d 'audience=it%27s%20blue'

# 2 token: the server turns the code into a token
# id and secret are form-encoded first (RFC 6749 §2.3.1)
curl 'https://api.acme.example/blue/token' \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'Content-Type: application/json' \
  -H 'X-Tenant: blue' \
  -u 'CLIENT_ID:CLIENT_SECRET' \
  --data-raw '{"grant_type":"authorization_code","code":"CODE","code_verifier":"CODE_VERIFIER","redirect_uri":"REDIRECT_URI","site":"SITE_KEY"}'

# 3 then[0]: the server turns the token into the one to use
curl 'https://api.acme.example/exchange' \
  -G \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  --data-urlencode 'grant=long' \
  --data-urlencode 'token=ACCESS_TOKEN'

# 4 userinfo: the server asks who has signed in
curl 'https://api.acme.example/me' \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'Content-Type: application/json' \
  -H 'Authorization: Bearer ACCESS_TOKEN' \
  --data-raw '{"limit":1,"all":true}'

# 5 refresh: the server turns an old token into a new one
# id and secret are form-encoded first (RFC 6749 §2.3.1)
curl 'https://api.acme.example/refresh' \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'X-Tenant: blue' \
  -u 'CLIENT_ID:CLIENT_SECRET' \
  --data-urlencode 'grant_type=refresh_token' \
  --data-urlencode 'refresh_token=REFRESH_TOKEN' \
  --data-urlencode 'sig=SIG'

# 6 revocation: the server ends a token
curl 'https://api.acme.example/revoke' \
  -X DELETE \
  -H 'Accept: application/json' \
  -A 'authcfg' \
  -H 'Authorization: Bearer ACCESS_TOKEN' \
  --data-urlencode 'token=REFRESH_TOKEN' \
  --data-urlencode 'token_type_hint=refresh_token'
