#include "regex/regex.h"

#include <re2/re2.h>

namespace logi::regex {
namespace {

constexpr std::int64_t kProgramBytesMax = 8LL << 20;

}  // namespace

struct Regex::Impl {
    re2::RE2 re;
    bool anchored;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;

StatusOr<std::unique_ptr<Regex>> Regex::compile(std::string_view pattern, Options options) {
    re2::RE2::Options re2_options(re2::RE2::Quiet);
    re2_options.set_max_mem(kProgramBytesMax);
    re2_options.set_dot_nl(options.dot_matches_newline);
    auto impl = std::unique_ptr<Impl>(new Impl{
        {re2::StringPiece(pattern.data(), pattern.size()), re2_options}, options.anchored});
    if (!impl->re.ok()) {
        return absl::InvalidArgumentError(impl->re.error());
    }
    return std::unique_ptr<Regex>(new Regex(std::move(impl)));
}

bool Regex::matches(std::string_view text) const {
    const re2::StringPiece piece(text.data(), text.size());
    return impl_->anchored ? re2::RE2::FullMatch(piece, impl_->re)
                           : re2::RE2::PartialMatch(piece, impl_->re);
}

}  // namespace logi::regex
