// Compiled regular expressions of one template.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "base/status.h"
#include "regex/regex.h"

#include <memory>
#include <string>
#include <string_view>

namespace logi::tmpl {

// Thread-safe. Patterns that were added before the first get() are found without a lock. At most
// kLiteralRegexesMax of these are kept, and kOtherRegexesMax of others.
class RegexCache {
  public:
    using Compiled = StatusOr<std::shared_ptr<const regex::Regex>>;

    RegexCache();
    ~RegexCache();

    // Not while another thread uses the cache.
    void add(std::string_view pattern);
    // kInvalidArgument with Go's text: error parsing regexp: missing closing ): `(`
    Compiled get(std::string_view pattern);

  private:
    absl::flat_hash_map<std::string, Compiled> literal_;
    base::Mutex mutex_;
    absl::flat_hash_map<std::string, Compiled> others_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::tmpl
