#include "template/regex_cache.h"

#include "template/limits.h"

namespace logi::tmpl {
namespace {

RegexCache::Compiled compile(std::string_view pattern) {
    regex::Regex::Options options;
    options.program_bytes_max = kRegexBytesMax;
    return regex::Regex::compile(pattern, options);
}

}  // namespace

RegexCache::RegexCache() = default;
RegexCache::~RegexCache() = default;

void RegexCache::add(std::string_view pattern) {
    if (literal_.size() < kLiteralRegexesMax) {
        literal_.emplace(std::string(pattern), compile(pattern));
    }
}

RegexCache::Compiled RegexCache::get(std::string_view pattern) {
    const absl::string_view key(pattern.data(), pattern.size());
    if (const auto it = literal_.find(key); it != literal_.end()) {
        return it->second;
    }
    {
        const base::MutexLock lock(mutex_);
        if (const auto it = others_.find(key); it != others_.end()) {
            return it->second;
        }
    }
    auto compiled = compile(pattern);
    const base::MutexLock lock(mutex_);
    if (others_.size() >= kOtherRegexesMax) {
        others_.clear();
    }
    others_.emplace(std::string(pattern), compiled);
    return compiled;
}

}  // namespace logi::tmpl
