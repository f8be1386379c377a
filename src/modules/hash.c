/* idle.hash: digests, over libcrypto. Documented in lua/idle/meta/hash.lua. */
#include "modules.h"
#include "random.h"
#include "secret_object.h"

#include <lauxlib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define KEY "idle.hash.key"

enum { KEY_BYTES = 32 };

typedef struct {
  idle_secret *secret; /* NULL until it is needed */
} Key;

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

/* Never by a seed: the key is a secret. [-0, +0, v] */
static const idle_secret *check_key(lua_State *L) {
  Key *key = lua_touserdata(L, lua_upvalueindex(1));
  if (key->secret != NULL) return key->secret;
  idle_random system = {.is_seeded = false};
  char bytes[KEY_BYTES];
  if (idle_random_fill(&system, bytes, sizeof bytes) != 0) luaL_error(L, "the system has no random numbers");
  key->secret = idle_secret_new(bytes, sizeof bytes);
  idle_wipe(bytes, sizeof bytes);
  if (key->secret == NULL) luaL_error(L, "not enough memory");
  return key->secret;
}

/* The bytes of a secret or a string, the first argument; NULL if it is a secret that was closed. [-0, +0, v] */
static const char *check_content(lua_State *L, size_t *size) {
  if (luaL_testudata(L, 1, IDLE_SECRET) == NULL) return luaL_checklstring(L, 1, size);
  const idle_secret *secret = idle_secret_test(L, 1);
  if (secret == NULL) return NULL;
  *size = idle_secret_size(secret);
  return idle_secret_bytes(secret);
}

static int hash_tag(lua_State *L) {
  size_t size;
  const char *bytes = check_content(L, &size);
  if (bytes == NULL) return 0;
  const idle_secret *key = check_key(L);
  unsigned char tag[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), idle_secret_bytes(key), KEY_BYTES, (const unsigned char *)bytes, size, tag, &length) == NULL)
    return luaL_error(L, "libcrypto cannot compute an HMAC");
  lua_pushlstring(L, (const char *)tag, length);
  return 1;
}

static int key_gc(lua_State *L) {
  Key *key = luaL_checkudata(L, 1, KEY);
  idle_secret_free(key->secret);
  key->secret = NULL;
  return 0;
}

static const luaL_Reg functions[] = {{"sha256", hash_sha256}, {"tag", hash_tag}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", key_gc}, {NULL, NULL}};

int luaopen_idle_hash(lua_State *L) {
  luaL_newlibtable(L, functions);
  Key *key = lua_newuserdatauv(L, sizeof *key, 0);
  key->secret = NULL;
  luaL_newmetatable(L, KEY);
  luaL_setfuncs(L, meta, 0);
  lua_setmetatable(L, -2);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
