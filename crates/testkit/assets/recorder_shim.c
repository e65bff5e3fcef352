/*
 * Preloaded into a burning program, gives it an optical drive the kernel does not have.
 *
 * Opening $RECORDER_SHIM_DEVICE (by default /dev/sr0) connects to the recorder that listens on
 * $RECORDER_SHIM_SOCKET; SG_IO becomes one message there and back, reading and writing the block device become READ(10)
 * and WRITE(10). With
 * $RECORDER_SHIM_LOG each command leaves one line in that file. Programs that sleep until a drive has had time for its
 * work sleep a fraction of it: this drive has none to do.
 *
 * Build: cc -O2 -shared -fPIC (no fortification: the functions defined here are the ones it would replace)
 */
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <scsi/scsi.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include "recorder_wire.h"

enum { BLOCK = 2048, DESCRIPTORS = 1024, READ_BLOCKS = 16, SG_VERSION = 30536,
       KEY_UNIT_ATTENTION = 6 };

static struct {
	bool ours;
	off64_t position;
} handles[DESCRIPTORS];

/* One command at a time: a drive has one bus, and the answer must follow its request. */
static pthread_mutex_t bus = PTHREAD_MUTEX_INITIALIZER;

static const char *socket_path(void) { return getenv("RECORDER_SHIM_SOCKET"); }

static bool is_drive(int fd);

/* growisofs hands its drive to genisoimage by the path of a descriptor. */
static bool is_drive_path(const char *path)
{
	const char *device = getenv("RECORDER_SHIM_DEVICE");
	int fd, end = 0;
	if (!path || !socket_path())
		return false;
	if (sscanf(path, "/dev/fd/%d%n", &fd, &end) == 1 && path[end] == 0)
		return is_drive(fd);
	return strcmp(path, device ? device : "/dev/sr0") == 0;
}

/*
 * growisofs executes itself again and hands the open drive on by number. The new image of the program has an empty
 * table, so an unknown descriptor is known by the socket at its other end; a server started with a relative path
 * has bound just that.
 */
static bool is_drive(int fd)
{
	if (fd < 0 || fd >= DESCRIPTORS)
		return false;
	const char *wanted = socket_path();
	if (handles[fd].ours || !wanted)
		return handles[fd].ours;
	struct sockaddr_un peer = { 0 };
	socklen_t length = sizeof peer - 1;
	int saved = errno;
	if (syscall(SYS_getpeername, fd, &peer, &length) == 0 && peer.sun_family == AF_UNIX && peer.sun_path[0]) {
		size_t have = strlen(peer.sun_path), all = strlen(wanted);
		handles[fd].ours = have <= all && strcmp(wanted + all - have, peer.sun_path) == 0;
	}
	errno = saved;
	return handles[fd].ours;
}

static void note(const uint8_t *cdb, unsigned cdb_len, uint32_t length, uint32_t status, const uint8_t *sense,
		 uint32_t got)
{
	const char *path = getenv("RECORDER_SHIM_LOG");
	char line[256];
	if (!path)
		return;
	int at = snprintf(line, 32, "%.24s: ", program_invocation_short_name);
	for (unsigned i = 0; i < cdb_len; i++)
		at += sprintf(line + at, "%02x ", cdb[i]);
	at += sprintf(line + at, "length=%u status=%02x", length, status);
	if (status == WIRE_GOOD)
		at += sprintf(line + at, " got=%u", got);
	else if (got >= 14)
		at += sprintf(line + at, " sense=%x/%02x/%02x", sense[2] & 15, sense[12], sense[13]);
	line[at++] = '\n';
	int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd >= 0) {
		(void)!syscall(SYS_write, fd, line, at);
		syscall(SYS_close, fd);
	}
}

struct outcome {
	uint32_t status, residue;
	uint8_t sense[96];
	uint32_t sense_len;
};

/* One command. 0 when the drive answered, whatever it said; -1 with errno when the way to it failed. */
static int execute(int fd, const uint8_t *cdb, unsigned cdb_len, bool out, void *data, uint32_t length,
		   struct outcome *result)
{
	static uint8_t message[sizeof(struct wire_request) + WIRE_DATA_MAX];
	static uint32_t last_tag;

	if (cdb_len > 16 || length > WIRE_DATA_MAX) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&bus);
	struct wire_request request = { .tag = ++last_tag, .cdb_len = cdb_len, .data_len = length };
	memcpy(request.cdb, cdb, cdb_len);
	memcpy(message, &request, sizeof request);
	if (out && length)
		memcpy(message + sizeof request, data, length);
	ssize_t sent = send(fd, message, sizeof request + (out ? length : 0), MSG_NOSIGNAL), got = -1;
	if (sent >= 0)
		do
			got = recv(fd, message, sizeof message, 0);
		while (got < 0 && errno == EINTR);
	struct wire_answer answer;
	if (got >= (ssize_t)sizeof answer)
		memcpy(&answer, message, sizeof answer);
	if (got < (ssize_t)sizeof answer || answer.tag != request.tag) {
		pthread_mutex_unlock(&bus);
		errno = EIO;
		return -1;
	}
	const uint8_t *tail = message + sizeof answer;
	uint32_t have = got - sizeof answer;
	if (have > answer.data_len)
		have = answer.data_len;
	*result = (struct outcome){ .status = answer.status & 0xff };
	if (result->status != WIRE_GOOD) {
		result->sense_len = have < sizeof result->sense ? have : sizeof result->sense;
		memcpy(result->sense, tail, result->sense_len);
		result->residue = length;
	} else if (!out) {
		if (have > length)
			have = length;
		if (have)
			memcpy(data, tail, have);
		result->residue = length - have;
	}
	note(cdb, cdb_len, length, result->status, tail, have);
	pthread_mutex_unlock(&bus);
	return 0;
}

static int sg_io(int fd, struct sg_io_hdr *header)
{
	struct outcome result;
	if (header->interface_id != 'S' || header->iovec_count != 0 || header->cmd_len > 16) {
		errno = EINVAL;
		return -1;
	}
	/* dvd+rw-format leaves zeros at the end of a block away; ATAPI, which carries 12 bytes, puts them back. */
	static const uint8_t lengths[8] = { 6, 10, 10, 12, 16, 12, 12, 12 };
	uint8_t cdb[16] = { 0 };
	unsigned cdb_len = header->cmd_len;
	memcpy(cdb, header->cmdp, cdb_len);
	if (cdb_len < lengths[cdb[0] >> 5])
		cdb_len = lengths[cdb[0] >> 5];
	bool out = header->dxfer_direction == SG_DXFER_TO_DEV;
	uint32_t length = header->dxfer_direction == SG_DXFER_NONE ? 0 : header->dxfer_len;
	if (execute(fd, cdb, cdb_len, out, header->dxferp, length, &result) != 0)
		return -1;
	header->status = result.status;
	header->masked_status = (result.status >> 1) & 0x1f;
	header->host_status = 0;
	header->driver_status = result.status == WIRE_CHECK_CONDITION ? 8 /* sense present */ : 0;
	header->msg_status = 0;
	header->resid = result.residue;
	header->duration = 0;
	header->info = result.status == WIRE_GOOD ? SG_INFO_OK : SG_INFO_CHECK;
	header->sb_len_wr = result.sense_len < header->mx_sb_len ? result.sense_len : header->mx_sb_len;
	if (header->sbp)
		memcpy(header->sbp, result.sense, header->sb_len_wr);
	return 0;
}

/* Blocks the medium offers for reading, from READ CAPACITY; 0 without a readable medium. */
static uint64_t capacity(int fd)
{
	uint8_t cdb[10] = { 0x25 }, data[8] = { 0 };
	struct outcome result;
	if (execute(fd, cdb, sizeof cdb, false, data, sizeof data, &result) != 0 || result.status != WIRE_GOOD)
		return 0;
	return 1 + ((uint64_t)data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3]);
}

static ssize_t read_at(int fd, uint8_t *to, size_t length, off64_t offset)
{
	static uint8_t blocks[READ_BLOCKS * BLOCK];
	uint64_t end = capacity(fd) * BLOCK, at = offset;
	size_t done = 0;
	if (offset < 0) {
		errno = EINVAL;
		return -1;
	}
	if (at >= end)
		return 0;
	if (length > end - at)
		length = end - at;
	while (done < length) {
		uint32_t first = (at + done) / BLOCK, skip = (at + done) % BLOCK;
		uint64_t count = (skip + (length - done) + BLOCK - 1) / BLOCK;
		struct outcome result;
		if (count > READ_BLOCKS)
			count = READ_BLOCKS;
		uint8_t cdb[10] = { 0x28, 0, first >> 24, first >> 16, first >> 8, first, 0, 0, count, 0 };
		if (execute(fd, cdb, sizeof cdb, false, blocks, count * BLOCK, &result) != 0 ||
		    result.status != WIRE_GOOD || result.residue) {
			if (done)
				break;
			errno = EIO;
			return -1;
		}
		size_t part = count * BLOCK - skip;
		if (part > length - done)
			part = length - done;
		memcpy(to + done, blocks + skip, part);
		done += part;
	}
	return done;
}

/* Whole blocks only: what is written here is an image. */
static ssize_t write_at(int fd, const uint8_t *from, size_t length, off64_t offset)
{
	size_t done = 0;
	if (offset < 0 || offset % BLOCK || length % BLOCK) {
		errno = EINVAL;
		return -1;
	}
	while (done < length) {
		uint32_t first = (offset + done) / BLOCK;
		uint32_t count = (length - done) / BLOCK;
		struct outcome result;
		if (count > READ_BLOCKS)
			count = READ_BLOCKS;
		uint8_t cdb[10] = { 0x2a, 0, first >> 24, first >> 16, first >> 8, first, 0, 0, count, 0 };
		if (execute(fd, cdb, sizeof cdb, true, (void *)(from + done), count * BLOCK, &result) != 0 ||
		    result.status != WIRE_GOOD) {
			if (done)
				break;
			errno = EIO;
			return -1;
		}
		done += count * BLOCK;
	}
	return done;
}

static int control(int fd, unsigned long request, void *argument)
{
	uint64_t blocks;
	switch (request) {
	case SG_IO:
		return sg_io(fd, argument);
	case SG_GET_VERSION_NUM:
		*(int *)argument = SG_VERSION;
		return 0;
	case SG_SET_TIMEOUT:
	case SG_SET_RESERVED_SIZE:
	case CDROM_MEDIA_CHANGED:
	case CDROM_LOCKDOOR:
	case CDROMEJECT:
	case CDROMCLOSETRAY:
		return 0;
	case SG_GET_TIMEOUT:
		return 6000;
	case SG_GET_RESERVED_SIZE:
		*(int *)argument = 128 << 10;
		return 0;
	case SG_EMULATED_HOST:
		*(int *)argument = 0;
		return 0;
	case SCSI_IOCTL_GET_IDLUN:
		memset(argument, 0, 8);
		return 0;
	case SCSI_IOCTL_GET_BUS_NUMBER:
		*(int *)argument = 7;
		return 0;
	case CDROM_DRIVE_STATUS:
		return CDS_DISC_OK;
	case CDROM_GET_CAPABILITY:
		return CDC_OPEN_TRAY | CDC_LOCK | CDC_MEDIA_CHANGED | CDC_DRIVE_STATUS | CDC_CD_R | CDC_DVD_R;
	case BLKGETSIZE64:
	case BLKGETSIZE:
	case CDROM_LAST_WRITTEN:
		blocks = capacity(fd);
		if (!blocks) {
			errno = ENOMEDIUM;
			return -1;
		}
		if (request == BLKGETSIZE64)
			*(uint64_t *)argument = blocks * BLOCK;
		else
			*(long *)argument = request == BLKGETSIZE ? blocks * (BLOCK / 512) : blocks;
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

static int pretend_stat(struct stat *out)
{
	*out = (struct stat){ .st_mode = S_IFBLK | 0660, .st_rdev = makedev(11, 0), .st_nlink = 1,
			      .st_ino = 1, .st_blksize = BLOCK };
	return 0;
}

static int open_at(int folder, const char *path, int flags, int mode)
{
	if (!is_drive_path(path))
		return syscall(SYS_openat, folder, path, flags, mode);
	int fd = wire_connect(socket_path());
	if (fd >= DESCRIPTORS) {
		syscall(SYS_close, fd);
		fd = -1;
	}
	if (fd < 0) {
		errno = ENXIO;
		return -1;
	}
	handles[fd].ours = true;
	handles[fd].position = 0;
	/*
	 * The kernel's driver asks TEST UNIT READY when a drive is found or opened, and so takes the unit attention
	 * of a drive just switched on; programs never meet it.
	 */
	for (int i = 0; i < 4; i++) {
		uint8_t cdb[6] = { 0 };
		struct outcome result;
		if (execute(fd, cdb, sizeof cdb, false, NULL, 0, &result) != 0 || result.status == WIRE_GOOD ||
		    result.sense_len < 3 || (result.sense[2] & 15) != KEY_UNIT_ATTENTION)
			break;
	}
	return fd;
}

/* From here on: the functions of the C library that a burning program calls on its drive. */

#define OPTIONAL_MODE(flags, mode)                   \
	int mode = 0;                                \
	if ((flags) & (O_CREAT | O_TMPFILE)) {       \
		va_list list;                        \
		va_start(list, flags);               \
		mode = va_arg(list, int);            \
		va_end(list);                        \
	}

int open(const char *path, int flags, ...)
{
	OPTIONAL_MODE(flags, mode)
	return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	OPTIONAL_MODE(flags, mode)
	return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	OPTIONAL_MODE(flags, mode)
	return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	OPTIONAL_MODE(flags, mode)
	return open_at(folder, path, flags, mode);
}

int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }

int close(int fd)
{
	if (fd >= 0 && fd < DESCRIPTORS)
		handles[fd].ours = false;
	return syscall(SYS_close, fd);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	va_start(list, request);
	void *argument = va_arg(list, void *);
	va_end(list);
	return is_drive(fd) ? control(fd, request, argument) : (int)syscall(SYS_ioctl, fd, request, argument);
}

ssize_t read(int fd, void *to, size_t length)
{
	if (!is_drive(fd))
		return syscall(SYS_read, fd, to, length);
	ssize_t got = read_at(fd, to, length, handles[fd].position);
	if (got > 0)
		handles[fd].position += got;
	return got;
}

ssize_t write(int fd, const void *from, size_t length)
{
	if (!is_drive(fd))
		return syscall(SYS_write, fd, from, length);
	ssize_t put = write_at(fd, from, length, handles[fd].position);
	if (put > 0)
		handles[fd].position += put;
	return put;
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t offset)
{
	return is_drive(fd) ? write_at(fd, from, length, offset) : syscall(SYS_pwrite64, fd, from, length, offset);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t offset) { return pwrite64(fd, from, length, offset); }

ssize_t pread64(int fd, void *to, size_t length, off64_t offset)
{
	return is_drive(fd) ? read_at(fd, to, length, offset) : syscall(SYS_pread64, fd, to, length, offset);
}

ssize_t pread(int fd, void *to, size_t length, off_t offset) { return pread64(fd, to, length, offset); }

off64_t lseek64(int fd, off64_t offset, int whence)
{
	if (!is_drive(fd))
		return syscall(SYS_lseek, fd, offset, whence);
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		offset += handles[fd].position;
		break;
	case SEEK_END:
		offset += capacity(fd) * BLOCK;
		break;
	default:
		offset = -1;
	}
	if (offset < 0) {
		errno = EINVAL;
		return -1;
	}
	return handles[fd].position = offset;
}

off_t lseek(int fd, off_t offset, int whence) { return lseek64(fd, offset, whence); }

int posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
	return is_drive(fd) || syscall(SYS_fadvise64, fd, offset, length, advice) == 0 ? 0 : errno;
}

static int stat_at(int folder, const char *path, struct stat *out, int flags)
{
	return is_drive_path(path) ? pretend_stat(out) : (int)syscall(SYS_newfstatat, folder, path, out, flags);
}

static int stat_fd(int fd, struct stat *out)
{
	return is_drive(fd) ? pretend_stat(out) : (int)syscall(SYS_fstat, fd, out);
}

/* On 64-bit Linux struct stat64 is struct stat; older programs call the versioned names. */
int stat(const char *path, struct stat *out) { return stat_at(AT_FDCWD, path, out, 0); }
int stat64(const char *path, struct stat64 *out) { return stat_at(AT_FDCWD, path, (struct stat *)out, 0); }
int lstat(const char *path, struct stat *out) { return stat_at(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW); }
int lstat64(const char *path, struct stat64 *out)
{
	return stat_at(AT_FDCWD, path, (struct stat *)out, AT_SYMLINK_NOFOLLOW);
}
int fstatat(int folder, const char *path, struct stat *out, int flags) { return stat_at(folder, path, out, flags); }
int fstatat64(int folder, const char *path, struct stat64 *out, int flags)
{
	/* fstat() of newer C libraries arrives here with an empty path. */
	return stat_at(folder, path, (struct stat *)out, flags);
}
int fstat(int fd, struct stat *out) { return stat_fd(fd, out); }
int fstat64(int fd, struct stat64 *out) { return stat_fd(fd, (struct stat *)out); }
int __xstat(int version, const char *path, struct stat *out) { return (void)version, stat(path, out); }
int __xstat64(int version, const char *path, struct stat64 *out) { return (void)version, stat64(path, out); }
int __lxstat(int version, const char *path, struct stat *out) { return (void)version, lstat(path, out); }
int __lxstat64(int version, const char *path, struct stat64 *out) { return (void)version, lstat64(path, out); }
int __fxstat(int version, int fd, struct stat *out) { return (void)version, stat_fd(fd, out); }
int __fxstat64(int version, int fd, struct stat64 *out) { return (void)version, stat_fd(fd, (struct stat *)out); }
/* Waiting, HURRY times shorter. Only what asks for nothing but time is touched. */
enum { HURRY = 20 };

static int wait_ns(long long ns)
{
	struct timespec time = { ns / HURRY / 1000000000, ns / HURRY % 1000000000 };
	syscall(SYS_nanosleep, &time, NULL);
	return 0;
}

unsigned int sleep(unsigned int seconds) { return wait_ns(seconds * 1000000000LL); }
int usleep(useconds_t us) { return wait_ns(us * 1000LL); }
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	if (left)
		*left = (struct timespec){ 0 };
	return wait_ns(wanted->tv_sec * 1000000000LL + wanted->tv_nsec);
}
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left)
{
	if (flags & TIMER_ABSTIME)
		return syscall(SYS_clock_nanosleep, clock, flags, wanted, left) == 0 ? 0 : errno;
	return nanosleep(wanted, left);
}
int poll(struct pollfd *files, nfds_t count, int ms)
{
	if (count == 0 && ms > 0)
		return wait_ns(ms * 1000000LL);
	return syscall(SYS_poll, files, count, ms);
}
int select(int count, fd_set *in, fd_set *out, fd_set *special, struct timeval *time)
{
	if (!in && !out && !special && time)
		return wait_ns(time->tv_sec * 1000000000LL + time->tv_usec * 1000LL);
	return syscall(SYS_select, count, in, out, special, time);
}
int access(const char *path, int mode)
{
	return is_drive_path(path) ? 0 : (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}
