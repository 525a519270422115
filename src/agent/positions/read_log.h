// Remembers, before lines are sent, which file they are from and which times they were given, so
// that after a restart the same lines are sent as the same entries, which the server then knows.
//
// A journal in a folder beside the file of positions (journal/journal.h). Of each file it
// knows the number, the identity and a hash of its first bytes, so that the file is found again
// under another name; how far it was delivered; and for what was read behind that the ranges: the
// lines that begin in [from, to) have the times first_time, first_time + 1 ns, and so on.
#pragma once

#include "base/metrics.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/growing_file.h"
#include "io/random.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::journal {
class LocalJournal;
}

namespace logi::agent {

// What a file begins with, of a length that does not change.
struct FileHead {
    static constexpr std::size_t kBytesMax = 256;
    static constexpr std::uint32_t kTellsApart = 16;  // with fewer bytes others may begin so
    std::uint32_t bytes = 0;
    std::uint64_t hash = 0;
    friend bool operator==(const FileHead&, const FileHead&) = default;
};
[[nodiscard]] FileHead head_of(std::string_view begin_of_file);

// Bytes of a file, or its lines if it is compressed.
struct ReadRange {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Timestamp first_time;
};

struct KnownFile {
    std::uint64_t id = 0;
    std::string path;         // its name when it was found
    std::uint64_t owner = 0;  // whose labels its lines get: a hash
    io::FileIdentity identity;
    FileHead head;
    std::uint64_t delivered = 0;   // everything before it
    std::deque<ReadRange> ranges;  // of what is behind it, ascending
    // By the end of their lines: times that were guessed from entries before.
    std::map<std::uint64_t, Timestamp> guessed;
    // What the file of positions says of the path since its saves of these numbers. Nothing: the
    // path does not stand there, or for another file of that name.
    struct Saved {
        std::uint64_t number = 0;
        std::optional<std::uint64_t> position;
    };
    Saved saved;
    Saved saved_before;

    [[nodiscard]] std::optional<std::uint64_t> position_in_save(std::uint64_t number) const;

    // The range that holds `position`; null if none does.
    [[nodiscard]] const ReadRange* range_at(std::uint64_t position) const;
};

// On one strand; the journal's own work is done on `executor`.
class ReadLog {
  public:
    struct Deps {
        io::Executor& executor;
        io::Strand& strand;
        io::FileSystem& files;
        const io::Clock& clock;
        io::Random& random;
        base::Registry& metrics;
    };
    // In memory only.
    ReadLog();
    // Reads what earlier runs left behind; `keep` false forgets it.
    static StatusOr<std::unique_ptr<ReadLog>> open(const Deps& deps,
                                                   const std::string& dir,
                                                   bool keep);
    ~ReadLog();

    [[nodiscard]] const std::map<std::uint64_t, KnownFile>& files() const { return files_; }
    // Null if there is none.
    [[nodiscard]] const KnownFile* find(std::uint64_t id) const;
    // The greatest time that was given to a line.
    [[nodiscard]] Timestamp last_time() const { return last_time_; }

    std::uint64_t add_file(const std::string& path,
                           std::uint64_t owner,
                           const io::FileIdentity& identity,
                           const FileHead& head,
                           std::uint64_t delivered);
    void set_head(std::uint64_t id, const FileHead& head);
    // What is left of it is read from another file, a copy.
    void set_identity(std::uint64_t id, const io::FileIdentity& identity);
    void add_range(std::uint64_t id, const ReadRange& range, std::uint64_t lines);
    void add_guess(std::uint64_t id, std::uint64_t position, Timestamp time);
    void set_delivered(std::uint64_t id, std::uint64_t position);
    // The number of the next save of the file of positions.
    [[nodiscard]] std::uint64_t next_save() const { return last_save_ + 1; }
    // Before the file of positions is written with this.
    void set_saved(std::uint64_t id, const KnownFile::Saved& saved);
    void remove(std::uint64_t id);

    // Calls `durable` on the strand once everything so far is on disk; also if that cannot be,
    // which is logged: then a restart may send entries twice, but what is sent is not held up.
    void commit(std::function<void()> durable);

  private:
    Status apply(std::string_view record);
    Status apply_one(class RecordReader& in);
    void append_known(const KnownFile& file, std::string& out) const;
    void shrink();

    std::map<std::uint64_t, KnownFile> files_;
    std::uint64_t last_id_ = 0;
    std::uint64_t last_save_ = 0;
    Timestamp last_time_;
    std::string pending_;  // records not yet in the journal
    std::uint64_t bytes_since_snapshot_ = 0;
    std::unique_ptr<journal::LocalJournal> journal_;  // null: in memory
    std::vector<std::uint64_t> older_journals_;
    io::Strand* strand_ = nullptr;
    bool failed_ = false;
};

}  // namespace logi::agent
