// Metric expressions.
#include "absl/strings/str_cat.h"
#include "random_query.h"

#include <algorithm>

namespace logi::reference {
namespace {

// How far two right evaluators agree on a value: up to rounding; to the bit; to the bit, and so do
// sums. Comparisons, sorting and topk need values of which no bit differs.
enum Exactness { kRounded = 0, kSameBits = 1, kSameSums = 2 };

struct Part {
    std::string text;
    Exactness exactness = kSameSums;
};

Exactness least(Exactness a, Exactness b) {
    return std::min(a, b);
}

class ExpressionMaker {
  public:
    ExpressionMaker(Dice& dice, const RandomData& data) : dice_(dice), data_(data) {}

    Part make(int depth) {
        switch (depth > 2 ? 0 : dice_.below(12)) {
            case 0:
            case 1:
                return range();
            case 2:
            case 3:
                return binary(depth);
            case 4:
                return replace(depth);
            case 5:
                return best(depth);
            case 6:
                return dice_.percent(40) ? Part{"vector(" + number() + ")"} : with_number(depth);
            default:
                return reduced(depth);
        }
    }

  private:
    std::string number() { return dice_.pick({"0", "1", "2", "5", "0.5", "100"}); }

    std::string names() {
        std::string out = dice_.pick({"app",
                                      "env",
                                      "level",
                                      "detected_level",
                                      "detected_level",
                                      "user",
                                      "status",
                                      "__error__",
                                      "n",
                                      "pod",
                                      "a",
                                      "app_extracted",
                                      "missing",
                                      "app",
                                      "env"});
        while (dice_.percent(30)) {
            absl::StrAppend(
                &out, ", ", dice_.pick({"app", "env", "level", "user", "detected_level"}));
        }
        return out;
    }

    std::string grouping() {
        if (dice_.percent(12)) {
            return dice_.pick({" by ()", " without ()"});
        }
        return absl::StrCat(dice_.percent(75) ? " by (" : " without (", names(), ")");
    }

    std::string window() {
        if (dice_.percent(2)) {
            return dice_.pick({"[60d]", "[52w] offset -24h", "[1ms]", "[10y] offset 60d"});
        }
        std::string out = absl::StrCat(
            "[",
            dice_.percent(30)
                ? dice_.pick({"1s", "5s", "10s", "30s", "1m", "90s", "47s", "500ms", "5m", "2m"})
                : dice_.pick({"1m", "90s", "2m", "5m"}),
            "]");
        if (dice_.percent(20)) {
            absl::StrAppend(&out, " offset ", dice_.pick({"10s", "-10s", "1m", "3s"}));
        }
        return out;
    }

    Part range() { return dice_.percent(45) ? plain_range() : unwrapped_range(); }

    std::string log(std::size_t parsed_percent) {
        std::string out = random_log_query(dice_, data_, dice_.percent(65) ? 1 : 4, parsed_percent);
        if (dice_.percent(50)) {
            out += " | __error__=\"\"";
        }
        return out;
    }

    Part plain_range() {
        const std::string op = dice_.pick({"count_over_time",
                                           "rate",
                                           "bytes_over_time",
                                           "bytes_rate",
                                           dice_.percent(40) ? "absent_over_time" : "rate",
                                           "count_over_time"});
        const bool per_second = op == "rate" || op == "bytes_rate";
        return {absl::StrCat(op, "(", log(75), " ", window(), ")"),
                per_second ? kSameBits : kSameSums};
    }

    Part unwrapped_range() {
        std::string op = dice_.pick({"sum_over_time",
                                     "avg_over_time",
                                     "min_over_time",
                                     "max_over_time",
                                     "stddev_over_time",
                                     "stdvar_over_time",
                                     "quantile_over_time",
                                     "first_over_time",
                                     "last_over_time",
                                     "rate_counter",
                                     "rate",
                                     dice_.percent(40) ? "absent_over_time" : "sum_over_time"});
        const bool by_time =
            op == "first_over_time" || op == "last_over_time" || op == "rate_counter";
        // Which of several samples of one time is the last, nobody says.
        if (by_time && !data_.distinct_times) {
            op = "sum_over_time";
        }
        const std::string label =
            dice_.percent(3) ? "missing" : dice_.pick({"n", "n", "status", "odd", "size", "dur"});
        const bool duration = label == "dur" && dice_.percent(90);
        const std::string converted =
            duration ? absl::StrCat(dice_.pick({"duration(", "duration_seconds("}), label, ")")
            : label == "size" ? absl::StrCat("bytes(", label, ")")
                              : label;
        std::string text = absl::StrCat(log(90), " | unwrap ", converted);
        if (dice_.percent(70)) {
            text += dice_.pick({" | __error__=\"\"",
                                " | __error__=\"\"",
                                " | __error__=\"\"",
                                " | __error__=\"\" | level=\"info\"",
                                " | n > 1"});
        }
        text = absl::StrCat(
            "(", op == "quantile_over_time" ? quantile() + ", " : "", text, " ", window(), ")");
        const bool groups = op != "sum_over_time" && op != "rate" && op != "rate_counter" &&
                            op != "absent_over_time";
        return {absl::StrCat(op, text, groups && dice_.percent(60) ? grouping() : ""),
                exactness(op, duration)};
    }

    std::string quantile() { return dice_.pick({"0", "0.5", "0.9", "0.99", "1", "1.5"}); }

    static Exactness exactness(const std::string& op, bool duration) {
        if (op == "stddev_over_time" || op == "stdvar_over_time" || op == "rate_counter") {
            return kRounded;
        }
        const bool sums = op == "sum_over_time" || op == "avg_over_time" || op == "rate";
        if (sums && duration) {
            return kRounded;
        }
        const bool divides = op == "avg_over_time" || op == "rate" || op == "quantile_over_time";
        return divides || duration ? kSameBits : kSameSums;
    }

    Part reduced(int depth) {
        const Part inner = make(depth + 1);
        const std::string op =
            dice_.pick({"sum", "sum", "sum", "avg", "min", "max", "count", "stddev", "stdvar"});
        Exactness exactness = inner.exactness;
        if (op == "count") {
            exactness = kSameSums;
        } else if (op == "stddev" || op == "stdvar") {
            exactness = kRounded;
        } else if (op == "sum" || op == "avg") {
            exactness = exactness != kSameSums ? kRounded : op == "sum" ? kSameSums : kSameBits;
        }
        return {absl::StrCat(op, dice_.percent(80) ? grouping() : "", " (", inner.text, ")"),
                exactness};
    }

    Part exact(int depth) {
        for (int i = 0; i < 4; ++i) {
            Part part = make(depth);
            if (part.exactness != kRounded) {
                return part;
            }
        }
        return {absl::StrCat("sum by (app, env) (count_over_time({app=~\".+\"} ", window(), "))"),
                kSameSums};
    }

    Part best(int depth) {
        const Part inner = exact(depth + 1);
        if (dice_.percent(30)) {
            return {absl::StrCat(dice_.pick({"sort", "sort_desc"}), "(", inner.text, ")"),
                    inner.exactness};
        }
        if (dice_.percent(8)) {
            return {absl::StrCat("approx_topk(2, ", inner.text, ")"), inner.exactness};
        }
        return {absl::StrCat(dice_.pick({"topk", "bottomk"}),
                             dice_.percent(40) ? grouping() : "",
                             " (",
                             dice_.pick({"1", "2", "3", "10"}),
                             ", ",
                             inner.text,
                             ")"),
                inner.exactness};
    }

    Part replace(int depth) {
        const Part inner = make(depth + 1);
        return {absl::StrCat("label_replace(",
                             inner.text,
                             ", \"",
                             dice_.pick({"dst", "app", "level"}),
                             "\", \"",
                             dice_.pick({"$1", "x", "", "${1}-$2", "<$1>"}),
                             "\", \"",
                             dice_.pick({"app", "env", "missing", "level"}),
                             "\", \"",
                             dice_.pick({"(.).*", "(.*)", "api|(web)", "", "(?P<w>[a-z]+)"}),
                             "\")"),
                inner.exactness};
    }

    std::string comparison() {
        return absl::StrCat(dice_.pick({" == ", " != ", " > ", " >= ", " < ", " <= "}),
                            dice_.percent(40) ? "bool " : "");
    }

    Part with_number(int depth) {
        const bool left = dice_.percent(30);
        if (dice_.percent(40)) {
            const Part inner = exact(depth + 1);
            const std::string op = comparison();
            return {left ? absl::StrCat(number(), op, inner.text)
                         : absl::StrCat(inner.text, op, number()),
                    inner.exactness};
        }
        const std::string op = dice_.pick({" + ", " - ", " * ", " / ", " % ", " ^ "});
        // A remainder, and what is divided by nearly nothing, jump where the value hardly moves.
        const bool jumps = op == " % " || op == " / ";
        const Part inner = jumps ? exact(depth + 1) : make(depth + 1);
        const bool keeps_sums = op == " + " || op == " - " || op == " * ";
        return {
            left ? absl::StrCat(number(), op, inner.text) : absl::StrCat(inner.text, op, number()),
            keeps_sums ? inner.exactness : least(inner.exactness, kSameBits)};
    }

    std::string matching() {
        if (dice_.percent(40)) {
            return "";
        }
        std::string out = absl::StrCat(
            dice_.percent(70) ? " on (" : " ignoring (", dice_.percent(10) ? "" : names(), ") ");
        if (dice_.percent(40)) {
            absl::StrAppend(&out,
                            dice_.pick({"group_left", "group_right"}),
                            " (",
                            dice_.pick({"", "", "env", "level", "app"}),
                            ") ");
        }
        return out;
    }

    std::string set_matching() {
        return dice_.percent(50)
                   ? ""
                   : absl::StrCat(dice_.pick({" on (", " ignoring ("}), names(), ") ");
    }

    Part binary(int depth) {
        if (dice_.percent(30)) {
            const Part left = make(depth + 1);
            const Part right = make(depth + 1);
            return {absl::StrCat("(",
                                 left.text,
                                 dice_.pick({" and ", " or ", " unless "}),
                                 set_matching(),
                                 right.text,
                                 ")"),
                    least(left.exactness, right.exactness)};
        }
        if (dice_.percent(30)) {
            const Part left = exact(depth + 1);
            const Part right = exact(depth + 1);
            return {absl::StrCat("(", left.text, comparison(), matching(), right.text, ")"),
                    left.exactness};
        }
        const std::string op = dice_.pick({" + ", " - ", " * ", " / ", " % "});
        const bool jumps = op == " % " || op == " / ";
        const Part left = jumps ? exact(depth + 1) : make(depth + 1);
        const Part right = jumps ? exact(depth + 1) : make(depth + 1);
        const Exactness both = least(left.exactness, right.exactness);
        return {absl::StrCat("(", left.text, op, matching(), right.text, ")"),
                jumps ? least(kSameBits, both) : both};
    }

    Dice& dice_;
    const RandomData& data_;
};

// Mostly one that has an entry of the data in its time.
Request random_request(Dice& dice, const RandomData& data) {
    Request request;
    request.start = kDataTime + Duration::millis(500 * dice.between(-280, 120));
    request.end = request.start + Duration::millis(500 * dice.between(0, 240));
    if (!data.entries.empty() && dice.percent(85)) {
        const Timestamp time = dice.pick(data.entries).time;
        const std::int64_t half_seconds = (time - kDataTime).ns / Duration::millis(500).ns;
        const Timestamp near = kDataTime + Duration::millis(500 * half_seconds);
        request.start = near - Duration::millis(500 * dice.between(0, 120));
        request.end = near + Duration::millis(500 * dice.between(1, 120));
    }
    request.step = Duration::millis(static_cast<std::int64_t>(
        500 * dice.pick(std::vector<int>{5, 10, 14, 20, 60, 120, 180, 27})));
    if (dice.percent(3)) {
        request.step = Duration::millis(1);
        request.end = request.start + Duration::millis(dice.between(0, 30));
    }
    request.align_to_step = dice.percent(50);
    request.limit = dice.percent(50) ? 1000 : dice.below(20) + 1;
    request.forward = dice.percent(50);
    if (dice.percent(10)) {
        request.interval = Duration::seconds(dice.between(1, 20));
    }
    request.now = kDataTime + Duration::hours(1);
    request.series_max = dice.percent(5) ? 3 : 100000;
    return request;
}

}  // namespace

RandomQuery random_query(Dice& dice, const RandomData& data) {
    RandomQuery query{"", random_request(dice, data)};
    if (data.logs) {
        query.text = random_log_query(dice, data, dice.percent(50) ? 2 : 6);
        return query;
    }
    query.text = ExpressionMaker(dice, data).make(0).text;
    query.request.instant = dice.percent(40);
    // An instant is the end, and most windows are short.
    if (query.request.instant && !data.entries.empty() && dice.percent(85)) {
        query.request.end = dice.pick(data.entries).time + Duration::millis(dice.between(0, 4000));
        query.request.start = query.request.end;
    }
    return query;
}

}  // namespace logi::reference
