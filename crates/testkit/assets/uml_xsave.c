/*
 * Preloaded into User Mode Linux so that it starts on processors with a large XSAVE area.
 *
 * The kernel of Debian 12 keeps the floating point state of its processes in a buffer smaller than what processors
 * with AMX save. PTRACE_SETREGSET with that short buffer is then refused, and the guest dies before its first
 * instruction. Here a short set becomes: read the whole state, lay the given bytes over its beginning, set the whole.
 *
 * Build: cc -O2 -shared -fPIC
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PEEK_TEXT = 1, PEEK_USER = 3, GET_REGISTER_SET = 0x4204, SET_REGISTER_SET = 0x4205 };

static long widened_set(long pid, const struct iovec *given)
{
	static _Alignas(64) unsigned char state[1 << 16];
	struct iovec whole = { state, sizeof state };
	long type = NT_X86_XSTATE;

	if (syscall(SYS_ptrace, (long)GET_REGISTER_SET, pid, type, &whole) != 0 || given->iov_len >= whole.iov_len)
		return syscall(SYS_ptrace, (long)SET_REGISTER_SET, pid, type, given);
	memcpy(state, given->iov_base, given->iov_len);
	return syscall(SYS_ptrace, (long)SET_REGISTER_SET, pid, type, &whole);
}

long ptrace(int request, ...)
{
	va_list list;
	va_start(list, request);
	long pid = va_arg(list, int);
	void *address = va_arg(list, void *);
	void *data = va_arg(list, void *);
	va_end(list);

	if (request == SET_REGISTER_SET && (long)address == NT_X86_XSTATE)
		return widened_set(pid, data);
	if (request >= PEEK_TEXT && request <= PEEK_USER) {
		/* The system call stores the word; the C function returns it. */
		long word = 0;
		if (syscall(SYS_ptrace, (long)request, pid, address, &word) < 0)
			return -1;
		errno = 0;
		return word;
	}
	return syscall(SYS_ptrace, (long)request, pid, address, data);
}
