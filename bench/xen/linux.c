/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The first, and only, process of a Linux guest of Xen: reads and sends as guest.c does, and prints
 * the same figures.
 *
 * Reads are of a block device past the page cache (O_DIRECT), at depth 1 by pread(), at depth 32 by
 * io_submit(), 32 at once, and io_getevents() for all of them. Packets are UDP datagrams without a
 * checksum, 32 at once by sendmmsg(), as fast as the socket takes them. How far the TSC came
 * meanwhile is what the whole machine executed.
 *
 *	bench_ops=1280 bench_stream=5120	on the kernel's command line: how many reads, and
 *						packets
 *	bench_mac=52:54:00:12:34:56		where packets go, to UDP port 9 of 10.0.2.100
 *
 * As `linux sink` it is in Dom0 what they go to.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <net/if.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#define DEPTH	32
#define BLOCK	4096
#define SECTORS 1024 /* of the disk, in blocks */
#define PAYLOAD 1472
#define WAIT_MS 20000

static char buffer[DEPTH][BLOCK] __attribute__((aligned(BLOCK)));

static void end(const char *what)
{
	if (what)
		printf("%s: %s\n", what, strerror(errno));
	printf("exit status: %d\n", what ? 1 : 0);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void report(const char *phase, unsigned long ops, uint64_t tsc)
{
	printf("%s.ops=%lu\n%s.machine=%llu\n", phase, ops, phase, (unsigned long long)tsc);
}

/* --- what makes a system of it ---------------------------------------------------------------- */

static void load_modules(void)
{
	char path[128], name[64];
	FILE *order = fopen("/lib/modules/order", "r");
	int fd;

	if (!order)
		end("/lib/modules/order");
	while (fscanf(order, "%63s", name) == 1) {
		snprintf(path, sizeof(path), "/lib/modules/%s", name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			end(path);
		close(fd);
	}
	fclose(order);
}

static int open_disk(void)
{
	unsigned int waited;
	int fd;

	for (waited = 0; waited < WAIT_MS; waited += 10) {
		fd = open("/dev/xvda", O_RDONLY | O_DIRECT);
		if (fd >= 0)
			return fd;
		usleep(10000);
	}
	end("/dev/xvda");
	return -1;
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};

	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

/* eth0 has an address, and knows the other end's; the socket is connected to that. */
static int open_socket(const char *mac)
{
	struct sockaddr_in us = address("10.0.2.15"), them = address("10.0.2.100");
	struct ifreq interface = {.ifr_name = "eth0"};
	struct arpreq arp = {.arp_flags = ATF_COM | ATF_PERM, .arp_dev = "eth0"};
	unsigned int waited = 0, i, byte[6];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	memcpy(&interface.ifr_addr, &us, sizeof(us));
	while (ioctl(fd, SIOCSIFADDR, &interface) && waited++ < WAIT_MS / 10)
		usleep(10000);
	memcpy(&interface.ifr_netmask,
	       &(struct sockaddr_in) {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00)},
	       sizeof(us));
	if (ioctl(fd, SIOCSIFNETMASK, &interface))
		end("netmask");
	interface.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &interface))
		end("eth0");
	for (waited = 0; !(interface.ifr_flags & IFF_RUNNING) && waited < WAIT_MS; waited += 10) {
		usleep(10000);
		interface.ifr_flags = 0;
		(void)ioctl(fd, SIOCGIFFLAGS, &interface);
	}
	sscanf(mac, "%x:%x:%x:%x:%x:%x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
	       &byte[5]);
	for (i = 0; i < 6; i++)
		arp.arp_ha.sa_data[i] = (char)byte[i];
	memcpy(&arp.arp_pa, &them, sizeof(them));
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	if (ioctl(fd, SIOCSARP, &arp))
		end("arp");
	if (setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)) ||
	    connect(fd, (struct sockaddr *)&them, sizeof(them)))
		end("socket");
	return fd;
}

/* --- measuring -------------------------------------------------------------------------------- */

static void read1(int fd, unsigned long ops)
{
	uint64_t begin = __rdtsc();
	unsigned long i;

	for (i = 0; i < ops; i++)
		if (pread(fd, buffer[0], BLOCK, (off_t)(i % SECTORS * BLOCK)) != BLOCK)
			end("pread");
	report("read1", ops, __rdtsc() - begin);
}

static void read32(int fd, unsigned long ops)
{
	struct iocb io[DEPTH], *list[DEPTH];
	struct io_event event[DEPTH];
	aio_context_t context = 0;
	unsigned long i, j;
	uint64_t begin = 0;

	if (syscall(SYS_io_setup, DEPTH, &context))
		end("io_setup");
	/* The first round warms up. */
	for (i = 0; i < ops + DEPTH; i += DEPTH) {
		if (i == DEPTH)
			begin = __rdtsc();
		for (j = 0; j < DEPTH; j++) {
			io[j] = (struct iocb) {.aio_fildes = (uint32_t)fd,
					       .aio_lio_opcode = IOCB_CMD_PREAD,
					       .aio_buf = (uintptr_t)buffer[j],
					       .aio_nbytes = BLOCK,
					       .aio_offset =
						       (long long)((i + j) % SECTORS * BLOCK)};
			list[j] = &io[j];
		}
		if (syscall(SYS_io_submit, context, DEPTH, list) != DEPTH ||
		    syscall(SYS_io_getevents, context, DEPTH, DEPTH, event, NULL) != DEPTH)
			end("io_submit");
		for (j = 0; j < DEPTH; j++)
			if (event[j].res != BLOCK)
				end("read");
	}
	report("read32", ops, __rdtsc() - begin);
}

static void stream(int fd, unsigned long ops)
{
	struct iovec piece = {.iov_base = buffer[0], .iov_len = PAYLOAD};
	struct mmsghdr message[DEPTH];
	unsigned long i;
	uint64_t begin;
	int queued;

	memset(message, 0, sizeof(message));
	for (i = 0; i < DEPTH; i++)
		message[i].msg_hdr = (struct msghdr) {.msg_iov = &piece, .msg_iovlen = 1};
	begin = __rdtsc();
	for (i = 0; i < ops; i += DEPTH)
		if (sendmmsg(fd, message, DEPTH, 0) != DEPTH)
			end("sendmmsg");
	/* Until the last has left. */
	while (ioctl(fd, SIOCOUTQ, &queued) == 0 && queued)
		sched_yield();
	report("stream", ops, __rdtsc() - begin);
}

/* Takes what is sent, and never looks at it: beyond the socket's buffer the kernel drops it. */
static int sink(void)
{
	struct sockaddr_in us = address("10.0.2.100");
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&us, sizeof(us)))
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	unsigned long ops, packets;
	int disk, sock;

	if (argc == 2 && !strcmp(argv[1], "sink"))
		return sink();
	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		return 1;
	if (freopen("/dev/console", "w", stdout) == NULL)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!getenv("bench_ops") || !getenv("bench_stream") || !getenv("bench_mac"))
		end("the kernel's command line");
	ops = strtoul(getenv("bench_ops"), NULL, 10);
	packets = strtoul(getenv("bench_stream"), NULL, 10);
	load_modules();
	disk = open_disk();
	sock = open_socket(getenv("bench_mac"));
	read1(disk, ops);
	read32(disk, ops);
	stream(sock, packets);
	end(NULL);
	return 0;
}
