// Reads the journal of systemd, by libsystemd, one entry after another.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct sd_journal;

namespace logi::agent {

struct SystemdEntry {
    // Where the entry is, as text; the journal finds it again by that.
    std::string cursor;
    // When the journal received it, to the microsecond; of entries of the same microsecond each is
    // a nanosecond later than the one before.
    Timestamp time;
    // By name; of several values the last, of each at most kValueBytesMax.
    std::map<std::string, std::string> fields;
};

// On one thread, from open() to its destructor: libsystemd wants it so.
class SystemdReader {
  public:
    static constexpr std::size_t kValueBytesMax = 1U << 20U;

    // The folder `path`, or the system's journal if it is empty. `matches` are FIELD=value; those
    // of one field are alternatives, those of different fields must all hold. kNotFound,
    // kUnavailable, kInvalidArgument.
    static StatusOr<std::unique_ptr<SystemdReader>> open(const std::string& path,
                                                         const std::vector<std::string>& matches);
    ~SystemdReader();
    SystemdReader(const SystemdReader&) = delete;
    SystemdReader& operator=(const SystemdReader&) = delete;

    // What next() gives is the first entry since `time`.
    Status seek_time(Timestamp time);
    // What next() gives is the entry behind that of the cursor; if that is gone, the first that
    // came later. `time` gets the time of the entry that the journal found. kInvalidArgument for
    // what is no cursor, kNotFound if there is nothing from there on.
    Status seek_cursor(const std::string& cursor, Timestamp& time);
    // False: there is none, yet.
    StatusOr<bool> next(SystemdEntry& entry);
    // Blocks until there may be more, or until `wake`, a descriptor, can be read.
    Status wait(int wake);

  private:
    explicit SystemdReader(sd_journal* journal) : journal_(journal) {}
    StatusOr<std::uint64_t> realtime_us();
    Status read_fields(SystemdEntry& entry);

    sd_journal* const journal_;
    int fd_ = -1;
    // Of the entry that was read last, and how many came before it in the same microsecond.
    std::uint64_t last_us_ = 0;
    std::uint64_t same_before_ = 0;
};

}  // namespace logi::agent
