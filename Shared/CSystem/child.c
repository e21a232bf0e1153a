#define _GNU_SOURCE
#include "CSystem.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int limit(int resource, uint64_t value) {
    if (!value) return 0;
    struct rlimit limits = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &limits);
}

/* Between fork and exec of a process with threads: system calls alone, nothing that locks or allocates. */
static void become(
    const char *path, char *const argv[], char *const envp[], const char *folder, int in, int out, int err,
    const atelier_child_limits *limits, int report
) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* The report's descriptor first moves out of the way of 0, 1 and 2. */
    int kept = fcntl(report, F_DUPFD_CLOEXEC, 10);
    if (kept < 0 || setpgid(0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        goto failed;
    int low[3] = {fcntl(in, F_DUPFD, 10), fcntl(out, F_DUPFD, 10), fcntl(err, F_DUPFD, 10)};
    for (int number = 0; number < 3; number++)
        if (low[number] < 0 || dup2(low[number], number) < 0) goto failed;
    for (int number = 3; number < kept; number++) close(number);
    if (syscall(SYS_close_range, kept + 1, ~0U, 0))
        for (int number = kept + 1; number < 1024; number++) close(number);
    if (folder && chdir(folder)) goto failed;
    struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
    if (limit(RLIMIT_AS, limits->address_space) || limit(RLIMIT_DATA, limits->data)
        || limit(RLIMIT_CPU, limits->cpu_seconds) || limit(RLIMIT_NOFILE, limits->open_files)
        || limit(RLIMIT_FSIZE, limits->file_size))
        goto failed;
    execve(path, argv, envp);
failed:;
    int code = errno;
    ssize_t written = write(kept < 0 ? report : kept, &code, sizeof code);
    (void)written;
    _exit(127);
}

int atelier_child_start(
    const char *path, char *const argv[], char *const envp[], const char *folder, int in, int out, int err,
    const atelier_child_limits *limits, pid_t *pid
) {
    int report[2];
    if (pipe2(report, O_CLOEXEC)) return errno;
    sigset_t all, before;
    sigfillset(&all);
    /* No handler of this process may run in the child. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) become(path, argv, envp, folder, in, out, err, limits, report[1]);
    int failure = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (!failure) {
        int code = 0;
        ssize_t count;
        do count = read(report[0], &code, sizeof code);
        while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof code) {
            failure = code;
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        }
    }
    close(report[0]);
    *pid = child;
    return failure;
}

int atelier_child_has_ended(pid_t pid) {
    siginfo_t info = {0};
    int result;
    do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (result < 0 && errno == EINTR);
    return result < 0 || info.si_pid == pid;
}

int atelier_child_wait(pid_t pid, int *status, int64_t *max_resident_bytes, int64_t *cpu_milliseconds) {
    struct rusage usage;
    pid_t found;
    do found = wait4(pid, status, 0, &usage);
    while (found < 0 && errno == EINTR);
    if (found < 0) return -1;
    *max_resident_bytes = (int64_t)usage.ru_maxrss * 1024;
    *cpu_milliseconds = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
        + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    return 0;
}

int atelier_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
