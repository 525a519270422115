// The files that targets name: finds them, reads them in turns as there is room, and follows them
// when they are renamed, cut or removed.
#pragma once

#include "agent/files/file_tail.h"
#include "agent/files/glob.h"
#include "agent/positions/positions_file.h"
#include "agent/repeater.h"
#include "io/executor.h"
#include "io/file_watcher.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace logi::agent {

// As discovery and relabelling have left it.
struct FileTarget {
    const ScrapeConfig* scrape = nullptr;
    Glob path;
    std::optional<Glob> excluded;
    Labels labels;      // that are sent
    Labels discovered;  // before relabelling
    friend bool operator==(const FileTarget& a, const FileTarget& b) {
        return a.scrape == b.scrape && a.discovered == b.discovered;
    }
};

struct FileStatus {
    std::string job;
    std::string path;
    Labels labels;
    std::uint64_t position = 0;
};

// On one strand.
class FileTargets {
  public:
    struct Deps {
        TailDeps tail;
        io::Executor& executor;
        io::Strand& strand;
        base::Registry& metrics;
    };
    // `positions` are those that an earlier run has saved. kUnavailable without inotify.
    static StatusOr<std::unique_ptr<FileTargets>> make(const Deps& deps, SavedPositions saved);
    ~FileTargets();

    // Replaces all targets.
    void set_targets(std::vector<FileTarget> targets);
    // Looks for files that have come and gone; with `all`, as now and then without a sign of
    // change, also whether those that are known have grown.
    void sync(bool all);
    // Begins to read.
    void begin();
    // There is room for more again.
    void read_on();
    // Nothing is read any more.
    void stop();

    [[nodiscard]] std::vector<FileStatus> status() const;
    [[nodiscard]] std::size_t tails() const { return tails_.size(); }
    // By path, how far each is delivered, to be saved.
    [[nodiscard]] SavedPositions positions() const;
    // They are going to be saved.
    void tell_log(const SavedPositions& saved);

  private:
    struct Tail {
        std::unique_ptr<FileTail> file;
        int watch = 0;
        bool ready = false;     // stands in ready_
        bool at_end = false;    // was, the last time it was read
        bool left = false;      // its name is another file's, or nobody's
        bool finished = false;  // and there is nothing more to read
        bool resting = false;   // until a timer
        bool found = true;      // by the sync under way
        Timestamp last_growth;
        std::vector<std::uint64_t> after;  // known files that are read to their end first
    };
    using Tails = std::map<std::uint64_t, Tail>;  // by the number of the known file
    struct FileBegin {
        io::FileIdentity identity;
        FileHead head;
    };

    FileTargets(const Deps& deps, SavedPositions saved);
    void on_report(const io::FileWatcher::Report& report);
    void find_files(const FileTarget& target, std::uint64_t owner, std::set<std::string>& dirs);
    void take_path(const FileTarget& target, std::uint64_t owner, const std::string& path);
    void open(const FileTarget& target,
              std::uint64_t owner,
              const std::string& path,
              const io::FileInfo& info);
    Tail* start(FileTail::Options options, std::uint64_t known, std::uint64_t start);
    [[nodiscard]] bool is_trusted(const std::string& path) const;
    [[nodiscard]] std::uint64_t known_for(std::uint64_t owner,
                                          const std::string& path,
                                          const io::FileInfo& info) const;
    // What a compressed file that is not known is the copy of.
    struct Original {
        std::uint64_t known = 0;  // 0: of nothing that is known
        bool is_read = false;     // the original is there and is read
        bool is_unclear = false;  // nothing can be told of it yet
    };
    [[nodiscard]] Original original_of(std::uint64_t owner, const std::string& path) const;
    [[nodiscard]] std::uint64_t start_for(std::uint64_t owner,
                                          const std::string& path,
                                          const io::FileInfo& info) const;
    void watch_dirs(const std::set<std::string>& dirs);
    std::set<std::string> recover_missing();
    [[nodiscard]] const FileTarget* target_of(std::uint64_t owner) const;
    bool recover_moved(const KnownFile& known, const FileTarget& target);
    void give_up(const KnownFile& known);
    void forget_saved(const std::set<std::string>& but);
    void on_truncated(std::uint64_t id);
    void make_ready(Tail& tail);
    void turn();
    void after_turn(std::uint64_t id, FileTail::Turn outcome);
    void rest(std::uint64_t id, Duration delay);
    void follow(Tail& tail, std::uint64_t before);
    void let_followers_read(std::uint64_t id);
    bool release_held();
    void retire_left();
    void retire(std::uint64_t id);
    void set_gauges();

    const Deps deps_;
    // By the run before, of files that were not found so far.
    SavedPositions saved_;
    // As those of its files began that were gone at the start, by path.
    std::map<std::string, FileBegin> gone_;
    std::vector<FileTarget> targets_;
    Tails tails_;
    std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> by_name_;  // owner, path
    std::map<std::pair<std::uint64_t, io::FileIdentity>, std::uint64_t> by_identity_;
    std::map<int, std::vector<std::uint64_t>> by_watch_;
    std::map<std::string, int> dirs_;  // watched
    std::set<int> dir_watches_;
    std::deque<std::uint64_t> ready_;
    std::vector<char> buffer_;
    std::size_t followers_ = 0;  // tails that wait for others
    bool begun_ = false;
    bool turning_ = false;
    bool all_recovered_ = false;  // or given up
    Timestamp begin_;
    bool stopped_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<io::FileWatcher> watcher_;
    base::Gauge active_files_;
    Repeater release_;
};

}  // namespace logi::agent
