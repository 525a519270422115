// The values of some paths in a line of JSON, found in one pass.
#pragma once

#include "absl/types/span.h"
#include "fields/byte_scan.h"
#include "fields/field_sink.h"
#include "fields/json_path.h"
#include "fields/json_reader.h"
#include "fields/json_search.h"

#include <string_view>
#include <vector>

namespace logi::fields {

// A scan over the brackets and strings of a line that knows the keys above the current place.
// A Taker has
//   bool takes(std::size_t path, const JsonValue&)  the value of a path; false: stop
//   void misses(std::size_t path)                   the others, behind all that were found
template <typename Taker>
class JsonPathScan {
  public:
    // `depth_max` is the length of the longest path.
    JsonPathScan(const std::vector<JsonPath>& paths,
                 std::size_t depth_max,
                 std::string_view line,
                 Taker& taker,
                 Scratch& scratch)
        : paths_(paths),
          depth_max_(static_cast<int>(depth_max)),
          line_(line),
          taker_(taker),
          scratch_(scratch),
          left_(paths_.size()) {
        scratch_.path.assign(depth_max, {});
        scratch_.done.assign(paths_.size(), kOpen);
    }

    JsonError run() {
        constexpr auto next = find_any<'"', '{', '}', '[', ']'>;
        at_ = next(line_, 0);
        while (at_ < line_.size() && !ended_) {
            step();
            at_ = ended_ ? at_ : next(line_, at_ + 1);
        }
        for (std::size_t i = 0; i < paths_.size() && !satisfied_; ++i) {
            if (scratch_.done[i] != kGiven) {
                taker_.misses(i);
            }
        }
        return error_;
    }

  private:
    // kDone: the place of the path was met, whatever was there.
    enum State : unsigned char { kOpen, kDone, kGiven };

    void step() {
        switch (line_[at_]) {
            case '"':
                return string();
            case '{':
                ++level_;
                return;
            case '[':
                return array();
            default:
                --level_;
                return;
        }
    }

    // A key or a value.
    void string() {
        bool escaped = false;
        const std::size_t begin = at_ + 1;
        const std::size_t quote = json_string_end(line_, begin, escaped);
        const std::size_t behind =
            quote == std::string_view::npos ? line_.size() : skip_json_space(line_, quote + 1);
        if (behind == line_.size()) {
            ended_ = true;
        } else if (line_[behind] != ':') {
            at_ = behind - 1;
        } else {
            at_ = behind;
            key(line_.substr(begin, quote - begin), escaped);
        }
    }

    // at_ is at the colon.
    void key(std::string_view name, bool escaped) {
        const bool relevant = level_ >= 1 && level_ <= depth_max_;
        const auto depth = static_cast<std::size_t>(relevant ? level_ : 0);
        if (escaped) {
            std::string& buffer = scratch_.keys[relevant ? depth - 1 : kJsonDepthMax];
            if (!json_unescape(name, buffer)) {
                ended_ = true;
                return;
            }
            name = buffer;
        }
        if (level_ < 1) {
            error_ = JsonError::kSyntax;
            ended_ = true;
        }
        if (!relevant) {
            return;
        }
        scratch_.path[depth - 1] = name;
        for (std::size_t i = 0; i < paths_.size() && !ended_; ++i) {
            if (scratch_.done[i] == kOpen && paths_[i].size() == depth &&
                is_below(paths_[i], depth)) {
                meet(i);
                give(i, at_ + 1);
            }
        }
    }

    // Whether the first `depth` parts of the path are the keys of the current place.
    [[nodiscard]] bool is_below(const JsonPath& path, std::size_t depth) const {
        for (std::size_t i = depth; i > 0; --i) {
            if (path[i - 1].index || path[i - 1].key != scratch_.path[i - 1]) {
                return false;
            }
        }
        return true;
    }

    void array() {
        if (level_ < 0) {
            error_ = JsonError::kSyntax;
            ended_ = true;
            return;
        }
        const auto depth = static_cast<std::size_t>(level_);
        scratch_.in_array.assign(paths_.size(), 0);
        bool any = false;
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            const JsonPath& path = paths_[i];
            if (scratch_.done[i] == kOpen && path.size() > depth && path[depth].index &&
                is_below(path, depth)) {
                scratch_.in_array[i] = 1;
                any = true;
            }
        }
        if (!any) {
            const std::size_t behind = json_block_end(line_, at_, '[', ']');
            ended_ = behind == std::string_view::npos;
            at_ = behind - 1;
            return;
        }
        ++level_;
        at_ = each_json_element(line_,
                                at_,
                                [&](std::size_t number, std::size_t begin, std::size_t behind) {
                                    element(depth, number, begin, behind);
                                }) -
              1;
    }

    void element(std::size_t depth, std::size_t number, std::size_t begin, std::size_t behind) {
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            if (scratch_.in_array[i] == 0 || *paths_[i][depth].index != number) {
                continue;
            }
            const std::size_t inner =
                find_json_path(line_.substr(begin, behind - begin),
                               absl::MakeConstSpan(paths_[i]).subspan(depth + 1),
                               scratch_.name);
            meet(i);
            if (inner != std::string_view::npos) {
                give(i, begin + inner);
            }
        }
    }

    void meet(std::size_t i) {
        scratch_.done[i] = kDone;
        --left_;
        ended_ = ended_ || left_ == 0;
    }

    void give(std::size_t i, std::size_t at) {
        if (satisfied_) {
            return;
        }
        JsonValue value;
        const JsonError error = read_json_value(line_, at, value);
        if (error != JsonError::kNone) {
            error_ = error;
            return;
        }
        scratch_.done[i] = kGiven;
        if (!taker_.takes(i, value)) {
            satisfied_ = ended_ = true;
        }
    }

    const std::vector<JsonPath>& paths_;
    const int depth_max_;
    std::string_view line_;
    Taker& taker_;
    Scratch& scratch_;
    std::size_t left_;  // paths whose place was not met yet
    std::size_t at_ = 0;
    int level_ = 0;
    bool ended_ = false;
    bool satisfied_ = false;  // the taker has enough
    JsonError error_ = JsonError::kNone;
};

}  // namespace logi::fields
