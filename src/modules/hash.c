/* idle.hash: digests, over libcrypto. Documented in lua/idle/meta/hash.lua. */
#include "modules.h"

#include <lauxlib.h>
#include <openssl/evp.h>

static int hash_sha256(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(bytes, size, digest, &length, EVP_sha256(), NULL) != 1)
    return luaL_error(L, "libcrypto cannot compute SHA-256");
  lua_pushlstring(L, (const char *)digest, length);
  return 1;
}

static const luaL_Reg functions[] = {{"sha256", hash_sha256}, {NULL, NULL}};

int luaopen_idle_hash(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
