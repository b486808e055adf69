/*
 * A disk that keeps its word: loaded by LD_PRELOAD, every fsync and fdatasync
 * takes FSYNC_DELAY_US microseconds longer. Virtual disks often answer in
 * microseconds what a real one takes a millisecond for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec delay;

__attribute__((constructor)) static void read_delay(void)
{
	const char *text = getenv("FSYNC_DELAY_US");
	long micros = text ? strtol(text, NULL, 10) : 0;

	if (micros > 0) {
		delay.tv_sec = micros / 1000000;
		delay.tv_nsec = micros % 1000000 * 1000;
	}
}

static void linger(void)
{
	struct timespec left = delay;
	int before = errno;

	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
	errno = before;
}

int fsync(int fd)
{
	linger();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	linger();
	return (int)syscall(SYS_fdatasync, fd);
}
