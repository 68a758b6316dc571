// SPDX-License-Identifier: Apache-2.0
// vfork(2) lends our memory to the child until it execs: nothing is copied, however large we are.
// So everything is looked up and allocated before, and the child makes system calls only.
#include "process/spawn.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace selvage::process {
namespace {

Error cannot_start(const std::string& program, std::string_view reason,
                   ErrorCode code = ErrorCode::kSettings) {
  return {code, fmt::format("cannot start '{}': {}", program, reason)};
}

// Empty when `path` is a file that we may execute.
std::string why_not_program(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0)
    return errno == ENOENT || errno == ENOTDIR ? "there is no such file" : strerrordesc_np(errno);
  if (S_ISDIR(status.st_mode)) return "it is a directory";
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return {};
  if ((status.st_mode & 0111) == 0)
    return fmt::format("no execute permission; run: chmod +x {}", path);
  return "this user may not execute it, or its file system is mounted noexec";
}

std::string our_path() {
  if (const char* path = std::getenv("PATH")) return path;
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<std::string> find_in_path(const std::string& name) {
  const std::string path = our_path();
  std::string near_miss;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const std::string directory = path.substr(begin, end - begin);
    begin = end + 1;
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    const std::string reason = why_not_program(candidate);
    if (reason.empty()) return candidate;
    if (near_miss.empty() && access(candidate.c_str(), F_OK) == 0)
      near_miss = fmt::format("'{}': {}", candidate, reason);
  }
  return std::unexpected(
      cannot_start(name, near_miss.empty() ? "it is in no directory of PATH" : near_miss));
}

// What stands between "#!" and the first blank of a script; empty for other files.
std::string interpreter_of(const std::string& path) {
  char head[256];
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = read(file.get(), head, sizeof(head));
  if (size < 2 || head[0] != '#' || head[1] != '!') return {};
  std::string_view line(head + 2, static_cast<size_t>(size) - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t\n")));
}

// The file passed why_not_program(), but execve(2) refused it.
std::string why_not_executed(const std::string& path, int error) {
  const std::string interpreter = interpreter_of(path);
  switch (error) {
    case ENOENT:
      if (interpreter.empty()) return "the loader that it was linked for does not exist";
      if (interpreter.ends_with('\r'))
        return fmt::format("its first line ends as on Windows; run: sed -i 's/\\r$//' {}", path);
      return fmt::format("its interpreter '{}' (first line) does not exist", interpreter);
    case EACCES:
      if (interpreter.empty()) return strerrordesc_np(error);
      return fmt::format("its interpreter '{}' (first line) may not be executed", interpreter);
    case ENOEXEC:
      return "it is neither a program of this machine nor a script that begins with #!";
    case ETXTBSY:
      return "it is being written";
    default:
      return strerrordesc_np(error);
  }
}

bool passes_by_itself(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
         error == ETXTBSY;
}

// All that the child needs, ready before it exists.
struct Plan {
  const char* path;
  std::vector<char*> argv;
  std::vector<char*> environment;
  const SpawnRequest& request;
  pid_t parent;
};

enum class Step { kDescriptors, kDirectory, kExec, kNone };

// Written by the child into our memory.
struct Trouble {
  volatile Step step = Step::kNone;
  volatile int error = 0;
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // execve(2) promises not to write through them.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void give_up(Trouble& trouble, Step step) {
  trouble.error = errno;
  trouble.step = step;
  _exit(127);
}

// First away from 0..2 what would be overwritten there, then into place.
bool place_descriptors(const SpawnRequest& request) {
  int sources[3] = {request.in, request.out, request.err};
  if (sources[0] < 0) sources[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (sources[0] < 0) return false;
  for (int target = 0; target < 3; target++) {
    int& source = sources[target];
    if (source < 0 || source > 2 || source == target) continue;
    source = fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (source < 0) return false;
  }
  for (int target = 0; target < 3; target++) {
    if (sources[target] < 0) continue;
    const bool placed = sources[target] == target ? fcntl(target, F_SETFD, 0) == 0
                                                  : dup2(sources[target], target) >= 0;
    if (!placed) return false;
  }
  // Not left to close-on-exec: that comes after vfork(2) has let us go on, so that a pipe or a lock
  // that we close next would stay open for a moment; and not everybody's descriptors have it.
  close_range(3, ~0U, 0);  // kernels before 5.9 do without
  return true;
}

// A handler of ours must not run in the child, whose memory is ours: dispositions before the mask.
void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn, gnu::noinline]] void become_program(const Plan& plan, Trouble& trouble) {
  const SpawnRequest& request = plan.request;
  if (request.own_group) setpgid(0, 0);
  if (request.death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, request.death_signal);
    // Our parent died before it was asked for: nobody is left to be told.
    if (getppid() != plan.parent) _exit(127);
  }
  if (!place_descriptors(request)) give_up(trouble, Step::kDescriptors);
  if (!request.directory.empty() && chdir(request.directory.c_str()) != 0)
    give_up(trouble, Step::kDirectory);
  reset_signals();
  execve(plan.path, plan.argv.data(), plan.environment.data());
  give_up(trouble, Step::kExec);
}

// Every signal waits meanwhile, so that no handler runs on two stacks at once.
pid_t vfork_program(const Plan& plan, Trouble& trouble) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // posix_spawn(3), which the linter wants, knows no death signal and cannot say what failed.
  const pid_t pid = vfork();                    // NOLINT
  if (pid == 0) become_program(plan, trouble);  // NOLINT
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

void wait_for_end(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Error explain(const SpawnRequest& request, const std::string& path, const Trouble& trouble) {
  const int error = trouble.error;
  const auto code = passes_by_itself(error) ? ErrorCode::kRetry : ErrorCode::kSettings;
  const std::string& program = request.argv[0];
  switch (trouble.step) {
    case Step::kDirectory:
      return cannot_start(
          program,
          fmt::format("its working directory '{}': {}", request.directory, strerrordesc_np(error)),
          code);
    case Step::kExec:
      return cannot_start(program, why_not_executed(path, error), code);
    case Step::kDescriptors:
    case Step::kNone:  // the child was not even made
      break;
  }
  return cannot_start(program, strerrordesc_np(error), code);
}

// The program was found from our directory, but the child leaves it before it execs.
std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char* directory = get_current_dir_name();
  if (directory == nullptr) return path;
  std::string whole = fmt::format("{}/{}", directory, path);
  std::free(directory);
  return whole;
}

// Who started us may have left SIGCHLD ignored; the kernel would then reap in our place.
void keep_ended_children() {
  static const bool once = std::signal(SIGCHLD, SIG_DFL) != SIG_ERR;
  SELVAGE_CHECK(once);
}

Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

std::string Ended::describe() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  const char* name = sigdescr_np(signal);
  return name != nullptr ? fmt::format("signal {} ({})", signal, name)
                         : fmt::format("signal {}", signal);
}

Result<std::string> find_program(const std::string& name) {
  if (name.empty()) return std::unexpected(cannot_start(name, "a program needs a name"));
  if (name.find('/') == std::string::npos) return find_in_path(name);
  const std::string reason = why_not_program(name);
  if (!reason.empty()) return std::unexpected(cannot_start(name, reason));
  return name;
}

Result<Child> spawn(const SpawnRequest& request) {
  SELVAGE_CHECK(!request.argv.empty());
  auto found = find_program(request.argv[0]);
  if (!found) return std::unexpected(std::move(found).error());
  const std::string path = request.directory.empty() ? *found : absolute(*found);
  keep_ended_children();

  const Plan plan{path.c_str(), pointers_to(request.argv), pointers_to(request.environment),
                  request, getpid()};
  Trouble trouble;
  const pid_t pid = vfork_program(plan, trouble);
  if (pid < 0) trouble.error = errno;
  if (trouble.step != Step::kNone) wait_for_end(pid);
  if (trouble.error != 0) return std::unexpected(explain(request, *found, trouble));

  Child child{pid, open_pidfd(pid)};
  if (!child.pidfd) {  // out of descriptors
    trouble.error = errno;
    kill(pid, SIGKILL);
    wait_for_end(pid);
    return std::unexpected(explain(request, *found, trouble));
  }
  return child;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

std::optional<Ended> reap(Child& child) {
  Ended ended;
  siginfo_t info{};
  // The C library's waitid(2) hides the kernel's fifth argument.
  const long done =
      syscall(SYS_waitid, P_PIDFD, child.pidfd.get(), &info, WEXITED | WNOHANG, &ended.used);
  SELVAGE_CHECK(done == 0);  // else somebody reaped it behind our back
  if (info.si_pid == 0) return std::nullopt;
  (info.si_code == CLD_EXITED ? ended.exit_code : ended.signal) = info.si_status;
  return ended;
}

}  // namespace selvage::process
