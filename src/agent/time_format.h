// Times as log lines write them, by the names and layouts that the stage 'timestamp' takes.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <optional>
#include <string>
#include <string_view>

namespace logi::tmpl {
class Zone;
}

namespace logi::agent {

// Immutable, safe from any thread.
class TimeFormat {
  public:
    // `format` is a name such as RFC3339Nano or UnixMs, or a layout of Go; times without a zone are
    // in `zone`.
    TimeFormat(std::string format, const tmpl::Zone* zone);
    // Nothing if the text is no such time. A year that the layout does not have is that of `now`,
    // or, across New Year, the one beside it.
    [[nodiscard]] std::optional<Timestamp> parse(std::string_view text, Timestamp now) const;

  private:
    enum class Kind { kLayout, kRfc3339, kUnix, kUnixMs, kUnixUs, kUnixNs };
    Kind kind_ = Kind::kLayout;
    std::string layout_;
    bool has_year_ = true;
    const tmpl::Zone* zone_;
};

}  // namespace logi::agent
