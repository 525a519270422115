#include "query/pattern_miner.h"

#include "base/bytes.h"

#include <algorithm>
#include <tuple>

namespace logi::query {
namespace {

using fields::LineShape;
using fields::ShapeWord;
using fields::WordKind;

constexpr std::size_t kCachedMax = 10'000;
constexpr std::int64_t kBucketBytes = 64;

// How many words of a shape do not agree with those of a cluster of the same gaps.
std::size_t differences(const LineShape& cluster, const LineShape& shape) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < shape.words.size(); ++i) {
        const ShapeWord& a = cluster.words[i];
        const ShapeWord& b = shape.words[i];
        const bool agree = a.kind == b.kind && (a.kind == WordKind::kVariable ||
                                                (a.kind == WordKind::kText && a.text == b.text));
        count += agree ? 0 : 1;
    }
    return count;
}

void take_in(const LineShape& shape, LineShape& cluster) {
    for (std::size_t i = 0; i < shape.words.size(); ++i) {
        ShapeWord& word = cluster.words[i];
        if (word.kind != shape.words[i].kind ||
            (word.kind == WordKind::kText && word.text != shape.words[i].text)) {
            word.kind = WordKind::kVaried;
        }
    }
}

void write_gaps(const LineShape& shape, std::string_view level, std::string& key) {
    key.clear();
    base::ByteWriter w(key);
    w.string(level);
    for (const std::string_view gap : shape.gaps) {
        w.string(gap);
    }
}

void append_words(const LineShape& shape, std::string& key) {
    base::ByteWriter w(key);
    for (const ShapeWord& word : shape.words) {
        w.u8(static_cast<std::uint8_t>(word.kind));
        if (word.kind == WordKind::kText) {
            w.string(word.text);
        }
    }
}

// The same shape over a copy of the line.
LineShape moved(const LineShape& shape, const char* from, const char* to) {
    LineShape copy = shape;
    const auto move = [&](std::string_view& view) {
        view = view.empty() ? std::string_view()
                            : std::string_view(to + (view.data() - from), view.size());
    };
    for (auto& word : copy.words) {
        move(word.text);
    }
    for (auto& gap : copy.gaps) {
        move(gap);
    }
    return copy;
}

}  // namespace

PatternMiner::~PatternMiner() {
    for (const auto& cluster : clusters_) {
        (void)budget_.charge(-cluster->bytes);
    }
}

Status PatternMiner::add(std::string_view line, std::string_view level, std::int64_t bucket) {
    if (line.empty()) {
        return absl::OkStatus();
    }
    fields::read_shape(line, shape_);
    LOGI_ASSIGN_OR_RETURN(Cluster* const cluster, place(shape_, line, level));
    return count(*cluster, bucket, 1);
}

Status PatternMiner::add_all(const PatternMiner& other) {
    for (const auto& theirs : other.clusters_) {
        LOGI_ASSIGN_OR_RETURN(Cluster* const cluster,
                              place(theirs->shape, theirs->text, theirs->level));
        for (const auto& [bucket, lines] : theirs->counts) {
            LOGI_RETURN_IF_ERROR(count(*cluster, bucket, lines));
        }
    }
    return absl::OkStatus();
}

StatusOr<PatternMiner::Cluster*> PatternMiner::place(const LineShape& shape,
                                                     std::string_view line,
                                                     std::string_view level) {
    write_gaps(shape, level, key_);
    const std::size_t gaps_bytes = key_.size();
    append_words(shape, key_);
    const base::Hash128 hash = base::hash128(key_);
    if (const auto known = by_line_.find(hash); known != by_line_.end()) {
        return known->second;
    }
    key_.resize(gaps_bytes);
    Cluster* cluster = similar(shape);
    if (cluster != nullptr) {
        take_in(shape, cluster->shape);
    } else {
        LOGI_ASSIGN_OR_RETURN(cluster, make(shape, line, level));
    }
    if (by_line_.size() == kCachedMax) {
        by_line_.clear();
    }
    by_line_.emplace(hash, cluster);
    return cluster;
}

// Of the clusters with the gaps in key_.
PatternMiner::Cluster* PatternMiner::similar(const LineShape& shape) {
    const auto found = by_gaps_.find(key_);
    if (found == by_gaps_.end()) {
        return nullptr;
    }
    Cluster* best = nullptr;
    std::size_t fewest = shape.words.size() / 2 + 1;
    for (Cluster* cluster : found->second) {
        const std::size_t n = differences(cluster->shape, shape);
        if (n < fewest) {
            fewest = n;
            best = cluster;
        }
    }
    return best;
}

StatusOr<PatternMiner::Cluster*> PatternMiner::make(const LineShape& shape,
                                                    std::string_view line,
                                                    std::string_view level) {
    if (clusters_.size() == kClustersMax) {
        forget_rare();
    }
    auto& cluster = clusters_.emplace_back(std::make_unique<Cluster>());
    const std::size_t bytes = sizeof(Cluster) + shape.bytes + level.size() + key_.size() +
                              shape.words.size() * (sizeof(ShapeWord) + sizeof(std::string_view));
    LOGI_RETURN_IF_ERROR(charge(*cluster, static_cast<std::int64_t>(bytes)));
    cluster->text = line.substr(0, shape.bytes);
    cluster->level = level;
    cluster->shape = moved(shape, line.data(), cluster->text.data());
    by_gaps_[key_].push_back(cluster.get());
    return cluster.get();
}

Status PatternMiner::count(Cluster& cluster, std::int64_t bucket, std::uint64_t lines) {
    const auto [at, is_new] = cluster.counts.try_emplace(bucket, 0);
    at->second += lines;
    cluster.lines += lines;
    return is_new ? charge(cluster, kBucketBytes) : absl::OkStatus();
}

Status PatternMiner::charge(Cluster& cluster, std::int64_t bytes) {
    cluster.bytes += bytes;
    return budget_.charge(bytes);
}

void PatternMiner::forget_rare() {
    std::stable_sort(clusters_.begin(), clusters_.end(), [](const auto& a, const auto& b) {
        return a->lines > b->lines;
    });
    while (clusters_.size() > kClustersMax / 2) {
        (void)budget_.charge(-clusters_.back()->bytes);
        clusters_.pop_back();
    }
    by_line_.clear();
    by_gaps_.clear();
    std::string key;
    for (const auto& cluster : clusters_) {
        write_gaps(cluster->shape, cluster->level, key);
        by_gaps_[key].push_back(cluster.get());
    }
}

std::vector<LinePattern> PatternMiner::best(std::size_t patterns_max) const {
    // Clusters that began apart may have become the same.
    std::map<std::pair<std::string, std::string_view>, LinePattern> patterns;
    for (const auto& cluster : clusters_) {
        std::string text = fields::shape_pattern(cluster->shape);
        LinePattern& pattern = patterns[{text, cluster->level}];
        pattern.text = std::move(text);
        pattern.level = cluster->level;
        pattern.lines += cluster->lines;
        for (const auto& [bucket, lines] : cluster->counts) {
            pattern.counts[bucket] += lines;
        }
    }
    std::vector<LinePattern> list;
    list.reserve(patterns.size());
    for (auto& [key, pattern] : patterns) {
        list.push_back(std::move(pattern));
    }
    std::stable_sort(
        list.begin(), list.end(), [](const auto& a, const auto& b) { return a.lines > b.lines; });
    list.resize(std::min(list.size(), patterns_max));
    return list;
}

}  // namespace logi::query
