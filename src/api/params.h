// Parameters of requests, read as Loki reads them.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "model/entry.h"
#include "net/http.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace logi::api {

// The query string and, for a form, the body; body values come first.
class Params {
  public:
    explicit Params(const net::HttpRequest& request);

    // The first value; empty if absent.
    [[nodiscard]] std::string get(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> all(const std::string& name) const;

    // Unix seconds (a number with a point, or at most ten digits), nanoseconds, or RFC 3339;
    // nothing if absent. kInvalidArgument with Loki's text.
    StatusOr<std::optional<Timestamp>> time(const std::string& name) const;
    // start and end with Loki's defaults: end is now, start is an hour (or `since`) before.
    StatusOr<TimeRange> range(Timestamp now) const;
    // Seconds with fractions, or a Prometheus duration; nothing if absent.
    StatusOr<std::optional<Duration>> step(const std::string& name) const;
    // The step of a range: positive and not too small for it; a 250th of it when absent.
    StatusOr<Duration> step_of(TimeRange range) const;
    // A positive whole number.
    StatusOr<std::uint32_t> limit(std::uint32_t default_limit,
                                  const std::string& name = "limit") const;
    // A whole number; 0 if absent.
    StatusOr<std::int64_t> number(const std::string& name) const;
    // The values of a list with commas; empty parts are left out.
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
    // True for forward.
    StatusOr<bool> forward() const;

  private:
    std::vector<std::pair<std::string, std::string>> values_;
};

// That second after 1970; what nanoseconds cannot hold is as late, or as early, as can be.
[[nodiscard]] Timestamp at_second(std::int64_t seconds);

// 720h0m0s: whole seconds as Go prints durations.
[[nodiscard]] std::string go_duration(Duration d);

}  // namespace logi::api
