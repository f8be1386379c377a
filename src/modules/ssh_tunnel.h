/* A connection that runs through another one, the hop's: a socket pair, one end
 * of which the inner client takes for its socket, while the bytes of the other
 * go to and from a channel of the hop. One thread. */
#ifndef IDLE_SSH_TUNNEL_H
#define IDLE_SSH_TUNNEL_H

#include "ssh_link.h"

/* Asks the hop for a way to the port that the inner link wants to reach; the
 * inner link is woken when it is there, or refused.
 * Returns: NULL when memory is short.
 * Owner:   the inner link; release it with idle_tunnel_close(). */
idle_tunnel *idle_tunnel_open(idle_link *hop, idle_link *inner, const char *host, int port);

/* Whether it is neither there nor refused. */
bool idle_tunnel_is_pending(const idle_tunnel *tunnel);

/* Moves what can be moved through all tunnels of a hop. */
void idle_tunnels_serve(idle_link *hop);

/* The hop is about to close its connection: those that run through it end as well. */
void idle_tunnels_cut(idle_link *hop);

/* Drops it without waiting; NULL is allowed. */
void idle_tunnel_close(idle_tunnel *tunnel);

#endif
