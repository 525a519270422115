#include "agent/systemd/systemd_reader.h"

#include "absl/strings/str_cat.h"

#include <poll.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string_view>
#include <system_error>

namespace logi::agent {
namespace {

constexpr std::int64_t kNanosPerMicro = 1000;
constexpr std::uint64_t kSameMax = kNanosPerMicro - 1;

// `error` is negative, as libsystemd returns it.
Status failed(const std::string& what, int error) {
    const std::string text =
        absl::StrCat("the journal: ", what, ": ", std::generic_category().message(-error));
    switch (-error) {
        case ENOENT:
        case ENOTDIR:
            return absl::NotFoundError(text);
        case EINVAL:
            return absl::InvalidArgumentError(text);
        default:
            return absl::UnavailableError(text);
    }
}

// How long libsystemd wants to wait at most: it has to look by itself where the kernel does not
// tell, as on file systems of a network.
int wait_millis(sd_journal* journal) {
    std::uint64_t until_us = 0;
    if (::sd_journal_get_timeout(journal, &until_us) < 0 ||
        until_us == std::numeric_limits<std::uint64_t>::max()) {
        return -1;
    }
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto now_us =
        static_cast<std::uint64_t>(now.tv_sec * 1'000'000 + now.tv_nsec / kNanosPerMicro);
    const std::uint64_t left_us = until_us > now_us ? until_us - now_us : 0;
    return static_cast<int>(std::min<std::uint64_t>(left_us / 1000 + 1, 60'000));
}

}  // namespace

StatusOr<std::unique_ptr<SystemdReader>> SystemdReader::open(
    const std::string& path, const std::vector<std::string>& matches) {
    sd_journal* journal = nullptr;
    const int opened = path.empty() ? ::sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY)
                                    : ::sd_journal_open_directory(&journal, path.c_str(), 0);
    if (opened < 0) {
        return failed(absl::StrCat("open ", path), opened);
    }
    std::unique_ptr<SystemdReader> reader(new SystemdReader(journal));
    for (const std::string& match : matches) {
        if (const int r = ::sd_journal_add_match(journal, match.data(), match.size()); r < 0) {
            return failed(absl::StrCat("match ", match), r);
        }
    }
    if (const int r = ::sd_journal_set_data_threshold(journal, kValueBytesMax); r < 0) {
        return failed("set a limit", r);
    }
    // Before anything is read, so that no change is missed.
    reader->fd_ = ::sd_journal_get_fd(journal);
    return reader->fd_ < 0 ? StatusOr<std::unique_ptr<SystemdReader>>(failed("watch", reader->fd_))
                           : std::move(reader);
}

SystemdReader::~SystemdReader() {
    ::sd_journal_close(journal_);
}

Status SystemdReader::seek_time(Timestamp time) {
    const std::int64_t us = std::max<std::int64_t>(time.ns / kNanosPerMicro, 0);
    const int r = ::sd_journal_seek_realtime_usec(journal_, static_cast<std::uint64_t>(us));
    return r < 0 ? failed("seek", r) : absl::OkStatus();
}

Status SystemdReader::seek_cursor(const std::string& cursor, Timestamp& time) {
    const auto seek = [&] {
        const int r = ::sd_journal_seek_cursor(journal_, cursor.c_str());
        return r < 0 ? failed(absl::StrCat("seek ", cursor), r) : absl::OkStatus();
    };
    LOGI_RETURN_IF_ERROR(seek());
    const int found = ::sd_journal_next(journal_);
    if (found < 0) {
        return failed("seek", found);
    }
    if (found == 0) {
        LOGI_RETURN_IF_ERROR(seek());
        return absl::NotFoundError("the journal: nothing is there since the saved position");
    }
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t us, realtime_us());
    time = Timestamp{static_cast<std::int64_t>(us) * kNanosPerMicro};
    if (::sd_journal_test_cursor(journal_, cursor.c_str()) <= 0) {
        return seek();
    }
    last_us_ = us;
    same_before_ = 0;
    while (::sd_journal_previous(journal_) > 0 && same_before_ < kSameMax) {
        LOGI_ASSIGN_OR_RETURN(const std::uint64_t before_us, realtime_us());
        if (before_us != us) {
            break;
        }
        ++same_before_;
    }
    LOGI_RETURN_IF_ERROR(seek());
    const int again = ::sd_journal_next(journal_);
    return again < 0 ? failed("seek", again) : absl::OkStatus();
}

StatusOr<std::uint64_t> SystemdReader::realtime_us() {
    std::uint64_t us = 0;
    const int r = ::sd_journal_get_realtime_usec(journal_, &us);
    return r < 0 ? StatusOr<std::uint64_t>(failed("read a time", r)) : us;
}

StatusOr<bool> SystemdReader::next(SystemdEntry& entry) {
    const int r = ::sd_journal_next(journal_);
    if (r < 0) {
        return failed("go on", r);
    }
    if (r == 0) {
        return false;
    }
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t us, realtime_us());
    same_before_ = us == last_us_ ? std::min(same_before_ + 1, kSameMax) : 0;
    last_us_ = us;
    entry.time = Timestamp{static_cast<std::int64_t>(us) * kNanosPerMicro +
                           static_cast<std::int64_t>(same_before_)};
    char* cursor = nullptr;
    if (const int c = ::sd_journal_get_cursor(journal_, &cursor); c < 0) {
        return failed("read a cursor", c);
    }
    entry.cursor = cursor;
    std::free(cursor);
    LOGI_RETURN_IF_ERROR(read_fields(entry));
    return true;
}

Status SystemdReader::read_fields(SystemdEntry& entry) {
    entry.fields.clear();
    ::sd_journal_restart_data(journal_);
    const void* data = nullptr;
    std::size_t size = 0;
    int r = 0;
    while ((r = ::sd_journal_enumerate_available_data(journal_, &data, &size)) > 0) {
        const std::string_view field(static_cast<const char*>(data), size);
        const std::size_t equals = field.find('=');
        if (equals != std::string_view::npos) {
            entry.fields[std::string(field.substr(0, equals))] = field.substr(equals + 1);
        }
    }
    return r < 0 ? failed("read an entry", r) : absl::OkStatus();
}

Status SystemdReader::wait(int wake) {
    const int events = ::sd_journal_get_events(journal_);
    if (events < 0) {
        return failed("watch", events);
    }
    std::array<pollfd, 2> fds{{{wake, POLLIN, 0}, {fd_, static_cast<short>(events), 0}}};
    if (::poll(fds.data(), fds.size(), wait_millis(journal_)) < 0 && errno != EINTR) {
        return failed("wait", -errno);
    }
    const int r = ::sd_journal_process(journal_);
    return r < 0 ? failed("watch", r) : absl::OkStatus();
}

}  // namespace logi::agent
