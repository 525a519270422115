#include "fields/json_search.h"

namespace logi::fields {
namespace {

constexpr std::size_t kNotThere = std::string_view::npos;

class Search {
  public:
    Search(std::string_view text, absl::Span<const JsonPathPart> path, std::string& key_buffer)
        : text_(text), path_(path), key_buffer_(key_buffer) {}

    std::size_t run() {
        if (path_.empty()) {
            return 0;
        }
        while (at_ < text_.size() && !ended_) {
            step();
            ++at_;
        }
        return found_;
    }

  private:
    void end(std::size_t found) {
        ended_ = true;
        found_ = found;
    }

    void step() {
        switch (text_[at_]) {
            case '"':
                return string();
            case '{':
                return last_matched_ ? void(++level_) : skip('{', '}');
            case '}':
                --level_;
                if (level_ == matched_) {
                    --matched_;
                }
                return level_ < 0 ? end(kNotThere) : void();
            case '[':
                return array();
            case ':':
                return end(kNotThere);
            default:
                return;
        }
    }

    void skip(char open, char close) {
        const std::size_t behind = json_block_end(text_, at_, open, close);
        if (behind == kNotThere) {
            return end(kNotThere);
        }
        at_ = behind - 1;
    }

    // A key or a value.
    void string() {
        bool escaped = false;
        const std::size_t begin = at_ + 1;
        const std::size_t quote = json_string_end(text_, begin, escaped);
        const std::size_t behind =
            quote == kNotThere ? text_.size() : skip_json_space(text_, quote + 1);
        if (behind == text_.size()) {
            return end(kNotThere);
        }
        if (text_[behind] != ':') {
            at_ = behind - 1;
            return;
        }
        at_ = behind;
        std::string_view name = text_.substr(begin, quote - begin);
        if (level_ < 1 || level_ > static_cast<int>(path_.size()) ||
            (escaped && !json_unescape(name, key_buffer_))) {
            return end(kNotThere);
        }
        if (escaped) {
            name = key_buffer_;
        }
        const JsonPathPart& part = path_[static_cast<std::size_t>(level_ - 1)];
        last_matched_ = !part.index && part.key == name;
        if (last_matched_ && matched_ == level_ - 1) {
            ++matched_;
            if (matched_ == static_cast<int>(path_.size())) {
                end(at_ + 1);
            }
        }
    }

    void array() {
        const auto level = static_cast<std::size_t>(level_);
        if (matched_ != level_ || !path_[level].index) {
            return skip('[', ']');
        }
        std::size_t found = kNotThere;
        each_json_element(
            text_, at_, [&](std::size_t number, std::size_t begin, std::size_t behind) {
                if (number == *path_[level].index) {
                    const std::size_t inner = find_json_path(
                        text_.substr(begin, behind - begin), path_.subspan(level + 1), key_buffer_);
                    found = inner == kNotThere ? kNotThere : begin + inner;
                }
            });
        end(found);
    }

    std::string_view text_;
    absl::Span<const JsonPathPart> path_;
    std::string& key_buffer_;
    std::size_t at_ = 0;
    int level_ = 0;    // objects that are open
    int matched_ = 0;  // parts of the path that are found
    bool last_matched_ = true;
    bool ended_ = false;
    std::size_t found_ = kNotThere;
};

}  // namespace

std::size_t find_json_path(std::string_view text,
                           absl::Span<const JsonPathPart> path,
                           std::string& key_buffer) {
    return Search(text, path, key_buffer).run();
}

}  // namespace logi::fields
