#pragma once
#include <stdint.h>
#include <sys/types.h>

/* What a child process may take. 0: as much as this process may. */
typedef struct {
    uint64_t address_space; /* bytes of virtual memory */
    uint64_t data;          /* bytes of private writable memory */
    uint64_t cpu_seconds;
    uint64_t open_files;
    uint64_t file_size; /* bytes of one file */
} atelier_child_limits;

/* Starts a program in a process group of its own, under limits, without new privileges, with no open descriptor but
   0, 1 and 2, and killed when the calling thread ends. Returns 0 or an errno. */
int atelier_child_start(
    const char *path, char *const argv[], char *const envp[], const char *folder, int in, int out, int err,
    const atelier_child_limits *limits, pid_t *pid
);

/* Whether a child has ended. It stays to be waited for, so that its number is not given to another. */
int atelier_child_has_ended(pid_t pid);

/* Waits for the end of a child, and tells what it used. Returns 0, or -1 where there is no such child. */
int atelier_child_wait(pid_t pid, int *status, int64_t *max_resident_bytes, int64_t *cpu_milliseconds);

/* A pipe whose ends no child inherits. */
int atelier_pipe(int ends[2]);
