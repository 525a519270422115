#include "agent/files/file_targets.h"

#include "absl/strings/str_cat.h"
#include "agent/files/moved_file.h"
#include "base/hash.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr Duration kReportPause = Duration::millis(100);
// Between the moves of a rotation there may be a moment without a file.
constexpr Duration kRotationTime = Duration::millis(250);
// How long a file without its name is still read.
constexpr Duration kLeftTime = Duration::seconds(60);
// How long after the start targets may be found whose files are known.
constexpr Duration kDiscoveryTime = Duration::minutes(10);
constexpr int kTurnsAtOnce = 16;
// More lines than a file has.
constexpr std::uint64_t kAll = std::uint64_t{1} << 62U;

std::uint64_t owner_of(const FileTarget& target) {
    return base::hash64(target.scrape->job_name + '\0' + target.labels.to_string());
}

}  // namespace

StatusOr<std::unique_ptr<FileTargets>> FileTargets::make(const Deps& deps, SavedPositions saved) {
    auto targets = std::unique_ptr<FileTargets>(new FileTargets(deps, std::move(saved)));
    LOGI_ASSIGN_OR_RETURN(
        targets->watcher_,
        io::FileWatcher::start(kReportPause,
                               [self = targets.get(),
                                alive = targets->alive_,
                                &strand = deps.strand](const io::FileWatcher::Report& report) {
                                   strand.post([self, alive, report] {
                                       if (*alive) {
                                           self->on_report(report);
                                       }
                                   });
                               }));
    return targets;
}

FileTargets::FileTargets(const Deps& deps, SavedPositions saved)
    : deps_(deps),
      saved_(std::move(saved)),
      buffer_(FileTail::kLineBytesMax),
      begin_(deps_.tail.clock.now()),
      active_files_(deps.metrics.gauge("promtail_files_active_total", "Number of active files.")),
      release_(deps.executor, deps.strand, Feed::kReleasePause, [this] { return release_held(); }) {
}

FileTargets::~FileTargets() {
    *alive_ = false;
}

void FileTargets::stop() {
    stopped_ = true;
    watcher_.reset();
}

void FileTargets::set_targets(std::vector<FileTarget> targets) {
    targets_ = std::move(targets);
    sync(false);
}

void FileTargets::sync(bool all) {
    if (stopped_) {
        return;
    }
    for (auto& [id, tail] : tails_) {
        tail.found = false;
    }
    std::set<std::string> dirs;
    for (const FileTarget& target : targets_) {
        find_files(target, owner_of(target), dirs);
    }
    forget_saved(recover_missing());
    for (auto& [id, tail] : tails_) {
        if (!tail.found && !tail.left) {
            tail.left = true;
            tail.last_growth = deps_.tail.clock.now();
            std::erase_if(by_name_, [id = id](const auto& item) { return item.second == id; });
            make_ready(tail);
        } else if (all) {
            make_ready(tail);
        }
    }
    watch_dirs(dirs);
    retire_left();
    set_gauges();
    read_on();
}

void FileTargets::find_files(const FileTarget& target,
                             std::uint64_t owner,
                             std::set<std::string>& dirs) {
    for (const std::string& path : target.path.find(dirs)) {
        if (!target.excluded.has_value() || !target.excluded->matches(path)) {
            take_path(target, owner, path);
        }
    }
}

void FileTargets::take_path(const FileTarget& target,
                            std::uint64_t owner,
                            const std::string& path) {
    const auto info = io::file_info(path);
    if (!info.ok()) {
        return;  // gone again
    }
    const auto name = by_name_.find({owner, path});
    if (name != by_name_.end() && tails_.at(name->second).file->identity() == info->identity) {
        tails_.at(name->second).found = true;
        return;
    }
    // Renamed, and still wanted: it is read on under the name that it had.
    const auto identity = by_identity_.find({owner, info->identity});
    if (identity != by_identity_.end()) {
        tails_.at(identity->second).found = true;
        tails_.at(identity->second).left = false;
        return;
    }
    open(target, owner, path, *info);
}

void FileTargets::open(const FileTarget& target,
                       std::uint64_t owner,
                       const std::string& path,
                       const io::FileInfo& info) {
    const DecompressionConfig& decompression = target.scrape->decompression;
    const bool compressed = decompression.enabled && is_compressed(path, decompression.format);
    if (compressed &&
        decompression.initial_delay > deps_.tail.clock.now() - Timestamp{info.changed_ns}) {
        return;  // perhaps not all there yet
    }
    std::uint64_t known = known_for(owner, path, info);
    std::uint64_t begin = known != 0 ? 0 : start_for(owner, path, info);
    if (known == 0 && begin == 0 && compressed) {
        const Original original = original_of(owner, path);
        if (original.is_unclear) {
            return;
        }
        known = original.is_read ? 0 : original.known;
        begin = original.is_read ? kAll : 0;
    }
    Tail* tail = start({.path = path,
                        .name = known == 0 ? path : deps_.tail.log.find(known)->path,
                        .owner = owner,
                        .labels = target.labels,
                        .scrape = target.scrape},
                       known,
                       begin);
    if (tail == nullptr) {
        return;
    }
    const auto before = by_name_.find({owner, path});
    if (before != by_name_.end() && !tails_.at(before->second).finished) {
        follow(*tail, before->second);
    }
    by_name_[{owner, path}] = tail->file->known();
}

FileTargets::Tail* FileTargets::start(FileTail::Options options,
                                      std::uint64_t known,
                                      std::uint64_t start) {
    const std::string path = options.path;
    auto file = FileTail::open(deps_.tail, std::move(options), known, start);
    if (!file.ok()) {
        if (!absl::IsNotFound(file.status())) {
            base::log_warn("a file cannot be read",
                           {{"path", path}, {"error", std::string(file.status().message())}});
        }
        return nullptr;
    }
    const std::uint64_t id = (*file)->known();
    Tail& tail = tails_[id];
    tail.file = *std::move(file);
    tail.last_growth = deps_.tail.clock.now();
    by_identity_[{tail.file->options().owner, tail.file->identity()}] = id;
    if (const auto watch = watcher_->watch_file(tail.file->fd()); watch.ok()) {
        tail.watch = *watch;
        by_watch_[*watch].push_back(id);
    } else {
        base::log_warn("a file is only looked at every sync_period",
                       {{"path", path}, {"error", std::string(watch.status().message())}});
    }
    base::log_info("tailing", {{"path", path}, {"from", std::to_string(tail.file->position())}});
    make_ready(tail);
    return &tail;
}

// Whether the file of positions says of the path what was saved: else somebody wants it otherwise.
bool FileTargets::is_trusted(const std::string& path) const {
    std::optional<std::uint64_t> expected;
    for (const auto& [id, known] : deps_.tail.log.files()) {
        const auto position = known.position_in_save(saved_.number);
        if (known.path == path && position.has_value()) {
            expected = position;
        }
    }
    return position_of(saved_.positions, path) == expected;
}

// The known file that this is, or 0.
std::uint64_t FileTargets::known_for(std::uint64_t owner,
                                     const std::string& path,
                                     const io::FileInfo& info) const {
    for (const auto& [id, known] : deps_.tail.log.files()) {
        if (known.owner == owner && known.identity == info.identity && !tails_.contains(id) &&
            is_trusted(known.path) &&
            (begins_as(path, known.head) || unpacks_as(path, known.head))) {
            return id;
        }
    }
    return 0;
}

FileTargets::Original FileTargets::original_of(std::uint64_t owner, const std::string& path) const {
    const std::string format = format_of_name(path);
    const auto file = io::GrowingFile::open(path);
    if (format.empty() || !file.ok()) {
        return {};
    }
    const auto begin = packed_begin(**file, format, FileHead::kBytesMax);
    if (begin.ok() && begin->empty()) {
        return {.is_unclear = true};
    }
    for (const auto& [id, known] : deps_.tail.log.files()) {
        if (known.owner != owner || known.path == path || !begin.ok() ||
            !is_begin(*begin, known.head)) {
            continue;
        }
        const auto info = io::file_info(known.path);
        const bool is_there =
            info.ok() && info->identity == known.identity && begins_as(known.path, known.head);
        if (tails_.contains(id) || is_there) {
            return {.known = id, .is_read = true};
        }
        if (is_trusted(known.path)) {
            return {.known = id};
        }
    }
    return {};
}

// Where a file that is not known begins.
std::uint64_t FileTargets::start_for(std::uint64_t owner,
                                     const std::string& path,
                                     const io::FileInfo& info) const {
    for (const auto& [id, tail] : tails_) {
        const bool cut = tail.left && tail.finished;
        if (!cut && tail.file->options().path == path && tail.file->identity() == info.identity) {
            return tail.file->position();  // until now with other labels
        }
    }
    for (const auto& [id, known] : deps_.tail.log.files()) {
        if (known.owner == owner && known.path == path && is_trusted(known.path)) {
            return 0;  // that position was another file's, of the same name
        }
    }
    if (const auto gone = gone_.find(path); gone != gone_.end()) {
        const auto& [identity, head] = gone->second;
        if (!begins_as(path, head) ||
            (identity != info.identity && head.bytes < FileHead::kTellsApart)) {
            return 0;
        }
    }
    const std::uint64_t position = position_of(saved_.positions, path).value_or(0);
    return position <= info.bytes ? position : 0;
}

const FileTarget* FileTargets::target_of(std::uint64_t owner) const {
    const auto target = std::find_if(targets_.begin(), targets_.end(), [&](const FileTarget& each) {
        return owner_of(each) == owner;
    });
    return target == targets_.end() ? nullptr : &*target;
}

// What was renamed, or copied and cut, while nobody looked. Some targets are found late: returns
// the paths of files that wait for theirs.
std::set<std::string> FileTargets::recover_missing() {
    std::set<std::string> waiting;
    if (all_recovered_) {
        return waiting;
    }
    std::vector<KnownFile> missing;
    for (const auto& [id, known] : deps_.tail.log.files()) {
        if (!tails_.contains(id)) {
            missing.push_back(known);
        }
    }
    const bool late = deps_.tail.clock.now() - begin_ > kDiscoveryTime;
    for (const KnownFile& known : missing) {
        const FileTarget* target = target_of(known.owner);
        const bool trusted = is_trusted(known.path);
        if (target == nullptr && trusted && !late) {
            waiting.insert(known.path);
        } else if (!trusted) {
            deps_.tail.log.remove(known.id);
        } else if (target == nullptr || !recover_moved(known, *target)) {
            give_up(known);
        }
    }
    all_recovered_ = waiting.empty();
    return waiting;
}

void FileTargets::give_up(const KnownFile& known) {
    gone_[known.path] = {known.identity, known.head};
    deps_.tail.log.remove(known.id);
}

// A position of an earlier run is that of the first file of its name, and not of those that come
// after it.
void FileTargets::forget_saved(const std::set<std::string>& but) {
    for (const auto& [id, tail] : tails_) {
        for (const std::string& path : {tail.file->options().name, tail.file->options().path}) {
            if (!but.contains(path)) {
                saved_.positions.erase(path);
                gone_.erase(path);
            }
        }
    }
}

bool FileTargets::recover_moved(const KnownFile& known, const FileTarget& target) {
    const auto path = find_moved(known, known.delivered);
    if (!path.has_value()) {
        if (!known.ranges.empty()) {
            base::log_warn("a file is gone with lines that were not delivered",
                           {{"path", known.path}, {"from", std::to_string(known.delivered)}});
        }
        return false;
    }
    Tail* tail = start({.path = *path,
                        .name = known.path,
                        .owner = known.owner,
                        .labels = target.labels,
                        .scrape = target.scrape},
                       known.id,
                       0);
    if (tail == nullptr) {
        return false;
    }
    tail->left = true;
    const auto successor = by_name_.find({known.owner, known.path});
    if (successor != by_name_.end()) {
        follow(tails_.at(successor->second), known.id);
    }
    return true;
}

// The file was cut. What was not read yet may be in a copy that was made before.
void FileTargets::on_truncated(std::uint64_t id) {
    Tail& tail = tails_.at(id);
    const FileTail::Options options = tail.file->options();
    by_identity_.erase({options.owner, tail.file->identity()});
    const auto copy = find_moved(*deps_.tail.log.find(id), tail.file->position());
    tail.left = true;
    tail.finished = !copy.has_value() || !tail.file->go_on_in(*copy).ok();
    tail.at_end = tail.finished;
    if (tail.finished) {
        std::erase_if(by_name_, [id](const auto& item) { return item.second == id; });
    } else {
        by_identity_[{options.owner, tail.file->identity()}] = id;
    }
    base::log_info("a file was cut and is read from its begin",
                   {{"path", options.path}, {"rest_in", tail.finished ? "none" : *copy}});
    make_ready(tail);
    sync(false);
}

void FileTargets::watch_dirs(const std::set<std::string>& dirs) {
    for (auto at = dirs_.begin(); at != dirs_.end();) {
        if (!dirs.contains(at->first)) {
            dir_watches_.erase(at->second);
            watcher_->forget(at->second);
            at = dirs_.erase(at);
        } else {
            ++at;
        }
    }
    for (const std::string& dir : dirs) {
        // Also those that are watched: the folder may be another one by now.
        const auto watch = watcher_->watch_dir(dir);
        if (watch.ok()) {
            dirs_[dir] = *watch;
            dir_watches_.insert(*watch);
        }
    }
}

void FileTargets::on_report(const io::FileWatcher::Report& report) {
    if (stopped_) {
        return;
    }
    bool look_again = report.overflow || report.names_changed;
    for (const int watch : report.changed) {
        look_again = look_again || dir_watches_.contains(watch);
        const auto tails = by_watch_.find(watch);
        if (tails == by_watch_.end()) {
            continue;
        }
        for (const std::uint64_t id : tails->second) {
            make_ready(tails_.at(id));
        }
    }
    if (look_again) {
        sync(report.overflow);
    }
    if (report.names_changed) {
        deps_.executor.post_after(kRotationTime, [this, alive = alive_, &strand = deps_.strand] {
            strand.post([this, alive] {
                if (*alive) {
                    sync(false);
                }
            });
        });
    }
    read_on();
}

void FileTargets::make_ready(Tail& tail) {
    if (!tail.ready && !tail.finished && tail.after.empty() && !tail.resting) {
        tail.ready = true;
        ready_.push_back(tail.file->known());
    }
}

void FileTargets::begin() {
    begun_ = true;
    read_on();
}

void FileTargets::read_on() {
    if (!begun_ || turning_ || stopped_ || ready_.empty() || !deps_.tail.delivery.has_room()) {
        return;
    }
    turning_ = true;
    deps_.strand.post([this, alive = alive_] {
        if (*alive) {
            turning_ = false;
            turn();
        }
    });
}

void FileTargets::turn() {
    for (int i = 0;
         i < kTurnsAtOnce && !stopped_ && !ready_.empty() && deps_.tail.delivery.has_room();
         ++i) {
        const std::uint64_t id = ready_.front();
        ready_.pop_front();
        const auto at = tails_.find(id);
        if (at == tails_.end()) {
            continue;
        }
        at->second.ready = false;
        const auto outcome = at->second.file->read_turn(absl::MakeSpan(buffer_));
        after_turn(id, outcome);
    }
    read_on();
}

void FileTargets::after_turn(std::uint64_t id, FileTail::Turn outcome) {
    Tail& tail = tails_.at(id);
    if (tail.file->feed().holds()) {
        release_.start();
    }
    switch (outcome) {
        case FileTail::Turn::kMore:
            tail.at_end = false;
            tail.last_growth = deps_.tail.clock.now();
            make_ready(tail);
            break;
        case FileTail::Turn::kRest:
            rest(id, tail.file->rest());
            break;
        case FileTail::Turn::kTruncated:
            on_truncated(id);
            break;
        case FileTail::Turn::kFailed:
            tail.finished = tail.file->ends();
            [[fallthrough]];
        case FileTail::Turn::kAtEnd:
            tail.at_end = true;
            let_followers_read(id);
            break;
    }
}

void FileTargets::follow(Tail& tail, std::uint64_t before) {
    followers_ += tail.after.empty() ? 1U : 0U;
    tail.after.push_back(before);
    make_ready(tails_.at(before));  // it says when it is at its end
}

void FileTargets::let_followers_read(std::uint64_t id) {
    if (followers_ == 0) {
        return;
    }
    for (auto& [other, tail] : tails_) {
        if (std::erase(tail.after, id) > 0) {
            followers_ -= tail.after.empty() ? 1U : 0U;
            make_ready(tail);
        }
    }
}

void FileTargets::rest(std::uint64_t id, Duration delay) {
    tails_.at(id).resting = true;
    deps_.executor.post_after(delay, [this, id, alive = alive_, &strand = deps_.strand] {
        strand.post([this, id, alive] {
            if (!*alive || !tails_.contains(id)) {
                return;
            }
            tails_.at(id).resting = false;
            make_ready(tails_.at(id));
            read_on();
        });
    });
}

// Whether stages hold more.
bool FileTargets::release_held() {
    bool more = false;
    for (auto& [id, tail] : tails_) {
        if (stopped_) {
            break;
        }
        tail.file->feed().release(deps_.tail.clock.now(), false);
        more = more || tail.file->feed().holds();
    }
    return more;
}

void FileTargets::retire_left() {
    std::vector<std::uint64_t> done;
    for (auto& [id, tail] : tails_) {
        if (!tail.left || !tail.at_end) {
            continue;
        }
        const bool quiet = tail.finished || deps_.tail.clock.now() - tail.last_growth > kLeftTime;
        if (quiet) {
            tail.file->feed().release(deps_.tail.clock.now(), true);
            if (tail.file->feed().all_delivered()) {
                done.push_back(id);
            }
        }
    }
    for (const std::uint64_t id : done) {
        retire(id);
    }
}

void FileTargets::retire(std::uint64_t id) {
    const Tail tail = std::move(tails_.at(id));
    tails_.erase(id);
    followers_ -= tail.after.empty() ? 0U : 1U;
    let_followers_read(id);
    const FileTail::Options& options = tail.file->options();
    base::log_info("no longer tailing", {{"path", options.path}});
    std::erase_if(by_identity_, [id](const auto& item) { return item.second == id; });
    std::erase_if(by_name_, [id](const auto& item) { return item.second == id; });
    if (const auto watched = by_watch_.find(tail.watch); watched != by_watch_.end()) {
        std::erase(watched->second, id);
        if (watched->second.empty()) {
            by_watch_.erase(watched);
            watcher_->forget(tail.watch);
        }
    }
    const bool name_in_use = std::any_of(tails_.begin(), tails_.end(), [&](const auto& item) {
        return item.second.file->options().name == options.name;
    });
    if (!name_in_use) {
        tail.file->remove_metrics();
    }
    deps_.tail.log.remove(id);
}

void FileTargets::set_gauges() {
    active_files_.set(static_cast<double>(tails_.size()));
}

std::vector<FileStatus> FileTargets::status() const {
    std::vector<FileStatus> all;
    for (const auto& [id, tail] : tails_) {
        const FileTail::Options& options = tail.file->options();
        all.push_back({options.scrape->job_name,
                       options.path,
                       tail.file->feed().labels(),
                       tail.file->position()});
    }
    return all;
}

SavedPositions FileTargets::positions() const {
    SavedPositions now;
    now.number = deps_.tail.log.next_save();
    for (const auto& [key, value] : saved_.positions) {
        if (!key.starts_with('/')) {  // of sources that are no files
            now.positions[key] = value;
        }
    }
    // A file that several targets have counts as far as all of them are.
    std::map<std::string, std::uint64_t> least;
    for (const auto& [name, id] : by_name_) {
        const FileTail& file = *tails_.at(id).file;
        const auto at = least.emplace(file.options().name, file.delivered()).first;
        at->second = std::min(at->second, file.delivered());
    }
    for (const auto& [name, position] : least) {
        now.positions[name] = std::to_string(position);
    }
    return now;
}

void FileTargets::tell_log(const SavedPositions& saved) {
    for (const auto& [name, id] : by_name_) {
        deps_.tail.log.set_saved(
            id, {saved.number, position_of(saved.positions, tails_.at(id).file->options().name)});
    }
}

}  // namespace logi::agent
