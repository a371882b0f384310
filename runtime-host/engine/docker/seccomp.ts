// The system calls containers may use, as Docker is told. Engines differ in what their own profile leaves open:
// io_uring, which goes past what watches a process's calls, and sockets to the machine's hypervisor (vsock), which
// leave a network namespace, are closed here whatever the engine.
// What would need a capability no container has is not listed. Pure.

const AF_VSOCK = 40;
const ENOSYS = 38;
/** CLONE_NEW…: no namespaces within a container. */
const NEW_NAMESPACES = 0x7e020000;
/** Linux, with short inodes, with UNAME26, both; and the question which it is. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff];

const FILES = `access faccessat faccessat2 chdir fchdir chroot chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown close
  close_range creat dup dup2 dup3 fallocate fadvise64 fcntl flock fsync fdatasync sync syncfs sync_file_range ftruncate truncate
  getcwd getdents getdents64 ioctl lseek link linkat symlink symlinkat readlink readlinkat mkdir mkdirat mknod mknodat open openat
  openat2 read readv pread64 preadv preadv2 readahead write writev pwrite64 pwritev pwritev2 rename renameat renameat2 rmdir unlink
  unlinkat stat lstat fstat newfstatat statx statfs fstatfs umask utime utimes utimensat futimesat getxattr lgetxattr fgetxattr
  setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr copy_file_range sendfile
  splice tee vmsplice name_to_handle_at inotify_init inotify_init1 inotify_add_watch inotify_rm_watch memfd_create memfd_secret
  cachestat io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents`;
const WAITING = `poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
  signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime pipe pipe2 futex futex_waitv futex_wait futex_wake
  futex_requeue`;
const MEMORY = `brk mmap munmap mprotect mremap madvise process_madvise process_mrelease mincore msync mlock mlock2 mlockall munlock
  munlockall membarrier pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack mseal
  process_vm_readv process_vm_writev`;
const PROCESSES = `fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid getpgrp setpgid getsid setsid
  getuid geteuid getgid getegid getgroups setgroups setuid setgid setreuid setregid setresuid setresgid getresuid getresgid setfsuid
  setfsgid capget capset prctl arch_prctl set_tid_address set_robust_list get_robust_list rseq sched_getaffinity sched_setaffinity
  sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max
  sched_get_priority_min sched_rr_get_interval sched_yield getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit
  prlimit64 getrusage times kill tkill tgkill pidfd_open pidfd_send_signal getcpu modify_ldt set_thread_area get_thread_area uname
  sysinfo alarm pause ptrace seccomp restart_syscall landlock_create_ruleset landlock_add_rule landlock_restrict_self getrandom`;
const SIGNALS = `rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend
  rt_sigtimedwait sigaltstack`;
const TIME = `clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getitimer setitimer timer_create timer_settime
  timer_gettime timer_getoverrun timer_delete adjtimex clock_adjtime`;
const SOCKETS = `accept accept4 bind connect getpeername getsockname getsockopt setsockopt listen recv recvfrom recvmsg recvmmsg send
  sendto sendmsg sendmmsg shutdown socketpair`;
const EXCHANGE = `shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
  mq_timedreceive mq_notify mq_getsetattr`;
/** The same in other words, of machines with 32 bits. socketcall is left out: what it opens cannot be looked at. */
const SHORT = `_llseek _newselect fcntl64 ftruncate64 truncate64 stat64 lstat64 fstat64 fstatat64 statfs64 fstatfs64 fadvise64_64
  arm_fadvise64_64 sync_file_range2 arm_sync_file_range getuid32 geteuid32 getgid32 getegid32 getgroups32 setgroups32 setuid32
  setgid32 setreuid32 setregid32 setresuid32 setresgid32 getresuid32 getresgid32 setfsuid32 setfsgid32 chown32 fchown32 lchown32
  mmap2 sendfile64 ugetrlimit waitpid nice sigaction sigprocmask sigreturn sigsuspend sigpending signal ipc breakpoint cacheflush
  set_tls clock_gettime64 clock_getres_time64 clock_nanosleep_time64 futex_time64 timer_gettime64 timer_settime64 timerfd_gettime64
  timerfd_settime64 ppoll_time64 pselect6_time64 recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64
  semtimedop_time64 mq_timedreceive_time64 mq_timedsend_time64 io_pgetevents_time64 utimensat_time64`;

const ALLOW = "SCMP_ACT_ALLOW";

function profile(): object {
  const lists = [FILES, WAITING, MEMORY, PROCESSES, SIGNALS, TIME, SOCKETS, EXCHANGE, SHORT];
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
    ],
    syscalls: [
      { names: lists.flatMap((list) => list.split(/\s+/)), action: ALLOW },
      { names: ["socket"], action: ALLOW, args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }] },
      {
        names: ["clone"],
        action: ALLOW,
        args: [{ index: 0, value: NEW_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      },
      // Its flags lie where no filter looks; who is told that there is none uses the other one.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      ...PERSONALITIES.map((value) => ({
        names: ["personality"],
        action: ALLOW,
        args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
      })),
    ],
  };
}

/** For the engine, as a container's security option. */
export const SECCOMP = `seccomp=${JSON.stringify(profile())}`;
