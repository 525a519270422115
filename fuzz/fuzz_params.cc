// Any bytes are safe as the parameters of a request, in the URL and as a form; what is read lies
// inside its bounds, and what is encoded comes back.
#include "api/params.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::Timestamp;
using logi::api::Params;

constexpr Timestamp kNow{1'700'000'000'000'000'000};

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_range(const Params& params) {
    const auto range = params.range(kNow);
    if (!range.ok() || range->end < range->start) {
        return;
    }
    const auto step = params.step_of(*range);
    require(!step.ok() || (step->ns > 0 && (range->end - range->start).ns / step->ns <= 11'000));
}

void check_values(const Params& params) {
    (void)params.time("time");
    (void)params.step("interval");
    (void)params.number("delay_for");
    (void)params.forward();
    const auto limit = params.limit(100);
    require(!limit.ok() || *limit > 0);
    for (const auto& part : params.list("targetLabels")) {
        require(!part.empty() && part.find(',') == std::string::npos);
    }
    const auto all = params.all("match[]");
    require(all.empty() ? params.get("match[]").empty() : all.front() == params.get("match[]"));
}

void check_encoding(const std::string& text) {
    for (const bool form : {false, true}) {
        require(logi::net::url_decode(logi::net::url_encode(text), form) == text);
        require(logi::net::url_decode(text, form).size() <= text.size());
    }
    const std::string encoded = logi::net::url_encode(text);
    const auto parsed = logi::net::parse_form("a" + encoded + "=" + encoded + "&b=");
    require(parsed.size() == 2 && parsed[0].first == "a" + text && parsed[0].second == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_encoding(text);
    logi::net::HttpRequest request;
    request.query = text;
    const Params in_url(request);
    check_range(in_url);
    check_values(in_url);
    request.query = "limit=5&" + text;
    request.body = text;
    request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
    const Params in_form(request);
    check_range(in_form);
    check_values(in_form);
    require(!in_form.get("limit").empty() || !in_form.all("limit").empty());
    return 0;
}
