/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Loaded into QEMU: a listening socket that holds more than one connection.
 *
 * QEMU's user network listens with a backlog of 1 (libslirp's tcpx_listen()). A browser that opens
 * several connections at once then finds some of them refused by silence, and waits for a second;
 * for many seconds if the one who connects is a user network itself, as with a nested host.
 */
#include <sys/syscall.h>
#include <unistd.h>

#define BACKLOG 128

int listen(int fd, int backlog)
{
	return (int)syscall(SYS_listen, fd, backlog > BACKLOG ? backlog : BACKLOG);
}
