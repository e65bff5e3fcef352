/* One command and its answer as messages on a unix SOCK_SEQPACKET socket, fields in the machine's byte order. */
#ifndef RECORDER_WIRE_H
#define RECORDER_WIRE_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WIRE_DATA_MAX = 1 << 20, WIRE_GOOD = 0, WIRE_CHECK_CONDITION = 2 };

/* Followed by the data-out bytes, if any; data_len is also the room for data-in. */
struct wire_request {
	uint32_t tag, lun;
	uint8_t cdb[16];
	uint8_t cdb_len, reserved[3];
	uint32_t data_len;
};

/* Followed by the data-in bytes, or by sense data when status is not WIRE_GOOD. */
struct wire_answer {
	uint32_t tag, status, data_len;
};

static int wire_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int room = 4 * WIRE_DATA_MAX;
	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

#endif
