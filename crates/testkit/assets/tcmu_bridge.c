/*
 * tcmu_bridge SOCKET UIO: makes the recorder that listens on SOCKET a SCSI device of this kernel.
 *
 * The kernel's target_core_user hands each command over in a ring in memory shared through /dev/UIO (Linux
 * Documentation/target/tcmu-design.rst); here it is passed to the recorder, and its answer put back. "ready" on
 * standard output says that the ring is open.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
/* The kernel's header brings its own struct iovec along: keep the C library's. */
#define _UAPI__LINUX_UIO_H
#define __LINUX_UIO_H
#include <errno.h>
#include <fcntl.h>
#include <linux/target_core_user.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "recorder_wire.h"

/* Commands of MMC and SPC that carry data to the drive. */
static int is_data_out(uint8_t opcode)
{
	switch (opcode) {
	case 0x04: /* FORMAT UNIT */
	case 0x15: /* MODE SELECT(6) */
	case 0x1d: /* SEND DIAGNOSTIC */
	case 0x2a: /* WRITE(10) */
	case 0x2e: /* WRITE AND VERIFY(10) */
	case 0x3b: /* WRITE BUFFER */
	case 0x54: /* SEND OPC INFORMATION */
	case 0x55: /* MODE SELECT(10) */
	case 0x5d: /* SEND CUE SHEET */
	case 0xa3: /* SEND KEY */
	case 0xaa: /* WRITE(12) */
	case 0xb6: /* SET STREAMING */
	case 0xbf: /* SEND DISC STRUCTURE */
		return 1;
	}
	return 0;
}

/* Length of a command block from its group code (SPC-3 4.3.4.1). */
static uint8_t cdb_length(uint8_t opcode)
{
	static const uint8_t by_group[8] = { 6, 10, 10, 16, 16, 12, 6, 6 };
	return by_group[opcode >> 5];
}

static uint8_t message[sizeof(struct wire_request) + WIRE_DATA_MAX];
static char *ring;
static size_t ring_size;

/* An area of the ring, its place given as an offset from the start; NULL when it does not lie inside. */
static void *inside(uint64_t offset, uint64_t length)
{
	return offset <= ring_size && length <= ring_size - offset ? ring + offset : NULL;
}

static void fail(struct tcmu_cmd_entry *entry)
{
	/* Key 4 HARDWARE ERROR, ASC 08 LOGICAL UNIT COMMUNICATION FAILURE, in fixed format. */
	static const uint8_t sense[18] = { 0x70, 0, 4, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x08 };
	entry->rsp.scsi_status = WIRE_CHECK_CONDITION;
	memcpy(entry->rsp.sense_buffer, sense, sizeof sense);
}

/* Copies between the command's data areas in the ring and `linear`; at most `length` bytes. */
static size_t transfer(const struct iovec *areas, size_t count, uint8_t *linear, size_t length, int to_linear)
{
	size_t done = 0;
	for (size_t i = 0; i < count && done < length; i++) {
		size_t part = areas[i].iov_len < length - done ? areas[i].iov_len : length - done;
		uint8_t *area = inside((uint64_t)(uintptr_t)areas[i].iov_base, part);
		if (!area)
			break;
		if (to_linear)
			memcpy(linear + done, area, part);
		else
			memcpy(area, linear + done, part);
		done += part;
	}
	return done;
}

static void run(int recorder, struct tcmu_cmd_entry *entry, int can_say_read_length)
{
	static struct iovec areas[1024];
	static uint32_t last_tag;
	const uint8_t *cdb = inside(entry->req.cdb_off, 16);
	size_t count = entry->req.iov_cnt;
	uint64_t length = 0;

	/* The answer overwrites the request in the same entry: take the areas out first. */
	if (!cdb || count > sizeof areas / sizeof *areas) {
		memset(&entry->rsp, 0, sizeof entry->rsp);
		fail(entry);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		areas[i] = entry->req.iov[i];
		length += areas[i].iov_len;
	}
	struct wire_request request = { .tag = ++last_tag, .cdb_len = cdb_length(cdb[0]), .data_len = length };
	memcpy(request.cdb, cdb, request.cdb_len);
	int out = is_data_out(cdb[0]);
	memset(&entry->rsp, 0, sizeof entry->rsp);
	if (length > WIRE_DATA_MAX) {
		fail(entry);
		return;
	}
	memcpy(message, &request, sizeof request);
	if (out)
		transfer(areas, count, message + sizeof request, length, 1);
	struct wire_answer answer;
	ssize_t got = -1;
	if (send(recorder, message, sizeof request + (out ? length : 0), MSG_NOSIGNAL) >= 0)
		got = recv(recorder, message, sizeof message, 0);
	if (got < (ssize_t)sizeof answer) {
		fail(entry);
		return;
	}
	memcpy(&answer, message, sizeof answer);
	size_t have = got - sizeof answer;
	if (have > answer.data_len)
		have = answer.data_len;
	if (answer.status != WIRE_GOOD) {
		entry->rsp.scsi_status = answer.status;
		memcpy(entry->rsp.sense_buffer, message + sizeof answer,
		       have < TCMU_SENSE_BUFFERSIZE ? have : TCMU_SENSE_BUFFERSIZE);
	} else if (!out) {
		size_t copied = transfer(areas, count, message + sizeof answer, have, 0);
		if (can_say_read_length) {
			entry->hdr.uflags |= TCMU_UFLAG_READ_LEN;
			entry->rsp.read_len = copied;
		}
	}
}

static size_t map_size(const char *uio)
{
	char path[128], text[32] = "";
	snprintf(path, sizeof path, "/sys/class/uio/%s/maps/map0/size", uio);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	size_t size = fgets(text, sizeof text, file) ? strtoull(text, NULL, 0) : 0;
	fclose(file);
	return size;
}

int main(int count, char **arguments)
{
	char path[64];
	if (count != 3) {
		fprintf(stderr, "usage: tcmu_bridge SOCKET UIO\n");
		return 2;
	}
	snprintf(path, sizeof path, "/dev/%s", arguments[2]);
	int recorder, uio = open(path, O_RDWR | O_NONBLOCK);
	/* The socket has a name a moment before anybody listens. */
	for (int attempts = 0; (recorder = wire_connect(arguments[1])) < 0 && errno == ECONNREFUSED && attempts < 6000; attempts++)
		usleep(10000);
	ring_size = map_size(arguments[2]);
	if (recorder < 0 || uio < 0 || !ring_size) {
		perror(recorder < 0 ? arguments[1] : path);
		return 1;
	}
	ring = mmap(NULL, ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, uio, 0);
	if (ring == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	struct tcmu_mailbox *mailbox = (struct tcmu_mailbox *)ring;
	int can_say_read_length = (mailbox->flags & TCMU_MAILBOX_FLAG_CAP_READ_LEN) != 0;
	puts("ready");
	fflush(stdout);
	for (;;) {
		uint32_t signal = 0, done = 0;
		while (mailbox->cmd_tail != __atomic_load_n(&mailbox->cmd_head, __ATOMIC_ACQUIRE)) {
			struct tcmu_cmd_entry *entry =
				(void *)(ring + mailbox->cmdr_off + mailbox->cmd_tail);
			switch (tcmu_hdr_get_op(entry->hdr.len_op)) {
			case TCMU_OP_CMD:
				run(recorder, entry, can_say_read_length);
				break;
			case TCMU_OP_PAD:
				break;
			default:
				entry->hdr.uflags |= TCMU_UFLAG_UNKNOWN_OP;
			}
			__atomic_store_n(&mailbox->cmd_tail,
					 (mailbox->cmd_tail + tcmu_hdr_get_len(entry->hdr.len_op)) %
						 mailbox->cmdr_size,
					 __ATOMIC_RELEASE);
			done = 1;
		}
		if (done && write(uio, &signal, sizeof signal) < 0)
			perror("write");
		struct pollfd wait = { .fd = uio, .events = POLLIN };
		poll(&wait, 1, -1);
		(void)!read(uio, &signal, sizeof signal);
	}
}
