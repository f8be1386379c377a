/* idle.ssh: connections to SSH servers, and commands on them. Documented in
 * lua/idle/meta/ssh.lua. */
#include "census.h"
#include "fail.h"
#include "identity.h"
#include "modules.h"
#include "ssh_options.h"
#include "ssh_pipe.h"
#include "ssh_wait.h"

#include <lauxlib.h>
#include <string.h>

#define CLIENT "idle.ssh.client"

typedef struct {
  idle_link *link; /* NULL while it is made, and after __gc: the finalizer of another object may still call us */
} Client;

static Client *check_client(lua_State *L) { return luaL_checkudata(L, 1, CLIENT); }

static idle_link *check_open_link(lua_State *L) {
  idle_link *link = check_client(L)->link;
  if (link == NULL || link->ssh == NULL) luaL_error(L, "the connection is closed; connect again");
  return link;
}

static void close_client(void *client) {
  idle_link *link = ((Client *)client)->link;
  if (link != NULL) idle_link_close(link);
}

static int client_is_held(lua_State *L) {
  const idle_link *link = check_client(L)->link;
  if (link == NULL || link->ssh == NULL) return 0;
  lua_pushboolean(L, 1);
  return 1;
}

static int connect_on(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  Client *client = lua_touserdata(L, IDLE_SSH_RESULT_SLOT);
  idle_ssh_error error;
  idle_ssh_status outcome = idle_link_connect(client->link, &error);
  idle_ssh_tell_trace(L, IDLE_SSH_RESULT_SLOT, client->link);
  idle_ssh_tell_password(L, IDLE_SSH_RESULT_SLOT, client->link);
  if (outcome == IDLE_SSH_AGAIN) return idle_ssh_wait_for(L, client->link, false, ctx, connect_on);
  if (outcome == IDLE_SSH_FAILED) return idle_ssh_push_error(L, &error);
  idle_census_enter(L, IDLE_SSH_RESULT_SLOT, client_is_held, "connection to '%s'", idle_ssh_url(client->link->ssh));
  idle_ssh_wait_done(L);
  lua_pushvalue(L, IDLE_SSH_RESULT_SLOT);
  return 1;
}

/* The link of the client that the connection is to run through, or NULL; the option stays on the stack. [-0, +1, v] */
static idle_link *check_via(lua_State *L) {
  if (lua_getfield(L, 1, "via") == LUA_TNIL) return NULL;
  if (luaL_testudata(L, -1, CLIENT) == NULL) luaL_error(L, "option 'via' of ssh.connect must be a connection");
  const Client *via = lua_touserdata(L, -1);
  if (via->link == NULL || via->link->ssh == NULL || !via->link->is_open)
    luaL_error(L, "the connection of option 'via' is closed; connect again");
  return via->link;
}

/* Makes the client and begins; the options' strings are on the stack above.
 * Returns: 0, or the number of results of a failure. [-0, +n, v] */
static int begin(lua_State *L, Client *client) {
  idle_ssh_options options;
  idle_ssh_error error;
  int results = idle_ssh_options_read(L, &options);
  if (results > 0) return results;
  bool traces = lua_getfield(L, 1, "trace") != LUA_TNIL;
  lua_setiuservalue(L, IDLE_SSH_RESULT_SLOT, IDLE_SSH_TRACE);
  lua_getfield(L, 1, "on_password");
  lua_setiuservalue(L, IDLE_SSH_RESULT_SLOT, IDLE_SSH_ON_PASSWORD);
  idle_link *hop = check_via(L);
  lua_setiuservalue(L, IDLE_SSH_RESULT_SLOT, IDLE_SSH_VIA); /* it lives as long */
  client->link = idle_link_start(L, &options, traces, hop, &error);
  return client->link == NULL ? idle_ssh_push_error(L, &error) : 0;
}

static int ssh_connect(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  idle_ssh_waiting *wait = idle_ssh_wait_begin(L, "connect", 0);
  Client *client = lua_newuserdatauv(L, sizeof *client, IDLE_SSH_VALUES);
  client->link = NULL;
  luaL_setmetatable(L, CLIENT);
  int results = begin(L, client);
  if (results > 0) return results;
  lua_settop(L, IDLE_SSH_RESULT_SLOT);
  wait->undo = close_client;
  wait->what = client;
  return connect_on(L, LUA_OK, 0);
}

static int client_exec(lua_State *L) { return idle_ssh_pipe_exec(L, check_open_link(L)); }

static int client_is_open(lua_State *L) {
  const idle_link *link = check_client(L)->link;
  lua_pushboolean(L, link != NULL && link->ssh != NULL && !idle_ssh_is_lost(link->ssh));
  return 1;
}

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static int client_info(lua_State *L) {
  const idle_link *link = check_open_link(L);
  idle_ssh_facts facts = idle_ssh_facts_of(link->ssh);
  lua_createtable(L, 0, 7);
  set_string(L, "address", facts.address);
  set_string(L, "banner", facts.banner);
  set_string(L, "host_key_type", facts.host_key_type);
  set_string(L, "host_key_fingerprint", facts.host_key_fingerprint);
  set_string(L, "auth_method", facts.auth_method);
  lua_pushinteger(L, (lua_Integer)facts.memory_bytes);
  lua_setfield(L, -2, "memory_bytes");
  lua_newtable(L);
  char warning[512];
  for (size_t i = 0; idle_ssh_warning(link->ssh, i, warning, sizeof warning); i++) {
    lua_pushstring(L, warning);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "warnings");
  return 1;
}

/* close(), __close: the connection is dropped, and whoever waits for it is told. */
static int client_close(lua_State *L) {
  Client *client = check_client(L);
  close_client(client);
  if (client->link != NULL) idle_ssh_tell_trace(L, 1, client->link);
  return 0;
}

static int client_gc(lua_State *L) {
  Client *client = check_client(L);
  close_client(client);
  if (client->link != NULL) idle_link_release(client->link);
  client->link = NULL;
  return 0;
}

static int ssh_key_facts(lua_State *L) {
  idle_key_facts facts;
  if (!idle_identity_look(luaL_checkstring(L, 1), &facts)) return 0;
  lua_createtable(L, 0, 3);
  set_string(L, "type", facts.type);
  lua_pushboolean(L, facts.needs_agent);
  lua_setfield(L, -2, "needs_agent");
  lua_pushboolean(L, facts.is_foreign);
  lua_setfield(L, -2, "is_foreign");
  return 1;
}

static const luaL_Reg functions[] = {{"connect", ssh_connect}, {"key_facts", ssh_key_facts}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"close", client_close}, {"exec", client_exec}, {"info", client_info}, {"is_open", client_is_open}, {NULL, NULL},
};
static const luaL_Reg meta[] = {{"__gc", client_gc}, {"__close", client_close}, {NULL, NULL}};

int luaopen_idle_ssh(lua_State *L) {
  idle_ssh_wait_open(L);
  idle_ssh_pipe_open(L);
  luaL_newmetatable(L, CLIENT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
