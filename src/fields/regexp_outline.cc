// What `| regexp` finds in lines of the same pieces. The pattern's program runs over the pieces
// and, where a hole is, over every text that it may hold: of bytes, and sizes, that are chosen so
// that what comes out is the same for all of them.
#include "fields/regexp_machine.h"
#include "fields/regexp_parser.h"

#include <algorithm>
#include <set>

namespace logi::fields {
namespace {

using StateId = RegexpMachine::StateId;
using States = std::set<StateId>;
using Classes = std::vector<bool>;

constexpr char kRegexpFiller = '\0';
// More at once are not followed.
constexpr std::size_t kStatesMax = 32;
// Steps of threads for one outline, which take some milliseconds.
constexpr std::size_t kWorkMax = 200'000;
// Sizes are told apart up to here.
constexpr std::size_t kSizeMax = 64;

// How likely holes are to have a byte, beside others.
int weight_of(std::size_t byte) {
    const auto c = static_cast<char>(byte);
    return c >= '0' && c <= '9' ? 40 : c >= 'a' && c <= 'z' ? 6 : c >= 'A' && c <= 'Z' ? 3 : 1;
}

// What a hole may hold, and what then comes behind it and the piece behind it.
struct Choice {
    Classes classes;
    std::size_t size_min = 1;
    std::size_t size_max = HoleRule::kAnySize;
    int weight = 0;
    States states;

    [[nodiscard]] bool better_than(const Choice& other) const {
        return states.size() != other.states.size() ? states.size() < other.states.size()
                                                    : weight > other.weight;
    }
};

class RegexpOutliner {
  public:
    RegexpOutliner(const regex::Program& program,
                   const HoledText& text,
                   absl::Span<const HoleHint> hints)
        : machine_(program), text_(text), hints_(hints) {}

    // Whether there are rules by which all lines match alike, or none does. Of both, those are
    // taken that lines are more likely to keep.
    bool run() {
        if (!is_ascii()) {
            return false;
        }
        Result alike = run(false);
        const bool sure = alike.known && alike.likely == 1;
        Result never = sure ? Result() : run(true);
        const bool better = never.known && (!alike.known || never.likely > alike.likely);
        result_ = std::move(better ? never : alike);
        return result_.known;
    }

    // Of what run() found out.
    [[nodiscard]] bool matched() const { return machine_.matched(result_.ends.front()); }
    [[nodiscard]] const std::vector<HoleRule>& rules() const { return result_.rules; }
    [[nodiscard]] std::uint32_t holes_seen() const { return result_.holes_seen; }
    // Where a group begins, or with 1 more where it ends: kInside if that is not known.
    [[nodiscard]] int save(std::size_t slot) const {
        const auto& ends = result_.ends;
        const int place = machine_.save(ends.front(), slot);
        const bool same = std::all_of(ends.begin(), ends.end(), [&](StateId state) {
            return machine_.save(state, slot) == place;
        });
        return same ? place : kInside;
    }

  private:
    struct Result {
        bool known = false;
        double likely = 1;  // roughly, the share of lines that keep the rules
        std::vector<HoleRule> rules;
        std::uint32_t holes_seen = 0;
        std::vector<StateId> ends;
    };

    // With rules by which nothing matches, or by which all comes out alike.
    Result run(bool never) {
        Result out;
        out.rules.resize(text_.holes());
        States states = through({machine_.begin()}, 0, 0);
        for (std::size_t hole = 0; hole < text_.holes() && !all_done(states); ++hole) {
            weigh(hole);
            Choice choice = never ? without_match(states, hole) : choose(states, hole);
            if (choice.states.empty() || machine_.work() > kWorkMax) {
                return out;
            }
            set_rule(choice, out.rules[hole]);
            out.likely *= static_cast<double>(choice.weight) / all_weight_;
            states = std::move(choice.states);
            out.holes_seen = static_cast<std::uint32_t>(hole + 1);
        }
        out.ends.assign(states.begin(), states.end());
        out.known = machine_.work() <= kWorkMax &&
                    std::all_of(out.ends.begin(), out.ends.end(), [&](StateId state) {
                        return machine_.matched(state) == machine_.matched(out.ends.front());
                    });
        return out;
    }

    [[nodiscard]] bool is_ascii() const {
        return std::all_of(text_.text().begin(), text_.text().end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x80;
        });
    }

    [[nodiscard]] bool all_done(const States& states) const {
        return std::all_of(
            states.begin(), states.end(), [this](StateId state) { return machine_.done(state); });
    }

    // Through the piece from `at` on, to the next hole, or to the end and past it.
    States through(const States& from, std::size_t at, std::size_t next_hole) {
        const bool last = next_hole == text_.holes();
        const std::size_t end = last ? text_.text().size() : text_.place(next_hole);
        States to;
        for (StateId state : from) {
            for (std::size_t i = at; i < end && machine_.work() <= kWorkMax; ++i) {
                const auto byte = static_cast<unsigned char>(text_.text()[i]);
                state = machine_.step(state, machine_.class_of(byte), static_cast<int>(i));
            }
            to.insert(last ? machine_.end(state, static_cast<int>(end)) : state);
        }
        return to;
    }

    // After one byte of the classes.
    States step(const States& from, const Classes& classes, int place) {
        States to;
        for (const StateId state : from) {
            for (std::size_t c = 0; c < classes.size(); ++c) {
                if (classes[c]) {
                    to.insert(machine_.step(state, c, place));
                }
            }
        }
        return to;
    }

    // After as many bytes of the classes as the choice says. None: there are too many.
    States inside(const States& from, const Choice& choice, std::size_t hole) {
        States now = step(from, choice.classes, static_cast<int>(text_.place(hole)));
        States all;
        for (std::size_t size = 1;; ++size) {
            if (size >= choice.size_min) {
                all.insert(now.begin(), now.end());
            }
            if (now.size() > kStatesMax || all.size() > kStatesMax || machine_.work() > kWorkMax) {
                return {};
            }
            if (size >= choice.size_max) {
                return all;
            }
            States next = step(now, choice.classes, kInside);
            const bool stays = choice.size_max == HoleRule::kAnySize
                                   ? std::includes(all.begin(), all.end(), next.begin(), next.end())
                                   : size >= choice.size_min && next == now;
            if (stays) {
                return all;
            }
            now = std::move(next);
        }
    }

    void follow(const States& from, std::size_t hole, Choice& choice) {
        choice.states = through(inside(from, choice, hole), text_.place(hole) + 1, hole + 1);
        choice.weight = 0;
        for (std::size_t c = 0; c < choice.classes.size(); ++c) {
            choice.weight += choice.classes[c] ? weights_[c] : 0;
        }
    }

    // How likely the classes are in a hole.
    void weigh(std::size_t hole) {
        weights_.assign(machine_.classes(), 0);
        all_weight_ = 0;
        for (std::size_t byte = 0; byte < 128; ++byte) {
            if (hints_.empty() || hints_[hole].bytes[byte]) {
                weights_[machine_.class_of(static_cast<unsigned char>(byte))] += weight_of(byte);
                all_weight_ += weight_of(byte);
            }
        }
    }

    // Of most likely ones first.
    [[nodiscard]] std::vector<std::size_t> classes_by_weight() const {
        std::vector<std::size_t> order;
        for (std::size_t c = 0; c < weights_.size(); ++c) {
            if (weights_[c] > 0) {
                order.push_back(c);
            }
        }
        std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
            return weights_[a] != weights_[b] ? weights_[a] > weights_[b] : a < b;
        });
        return order;
    }

    // As much of what is likely as does not match.
    Choice without_match(const States& from, std::size_t hole) {
        Choice choice;
        choice.classes.resize(weights_.size());
        for (const std::size_t c : classes_by_weight()) {
            Choice more = choice;
            more.classes[c] = true;
            follow(from, hole, more);
            const bool matches =
                std::any_of(more.states.begin(), more.states.end(), [this](StateId state) {
                    return machine_.matched(state);
                });
            if (!more.states.empty() && !matches) {
                choice = std::move(more);
            }
        }
        return choice;
    }

    // All that is likely, if then all comes out alike; else as much of it as does.
    Choice choose(const States& from, std::size_t hole) {
        const HoleHint hint = hints_.empty() ? HoleHint() : hints_[hole];
        Choice all;
        for (const int weight : weights_) {
            all.classes.push_back(weight > 0);
        }
        follow(from, hole, all);
        if (all.states.size() == 1) {
            return all;
        }
        Choice best = all;
        const auto take_better = [&](const Choice& other) {
            if (!other.states.empty() && (best.states.empty() || other.better_than(best))) {
                best = other;
            }
        };
        if (hint.size_max <= kSizeMax) {
            all.size_min = hint.size_min;
            all.size_max = hint.size_max;
            follow(from, hole, all);
            take_better(all);
        }
        if (best.states.size() != 1) {
            Choice of_any_size = all;
            of_any_size.size_min = 1;
            of_any_size.size_max = HoleRule::kAnySize;
            take_better(with_most(from, hole, of_any_size));
        }
        if (best.states.size() != 1 && hint.size_max <= kSizeMax) {
            take_better(with_most(from, hole, all));
        }
        return best;
    }

    // Begins with each class in turn and adds others, as long as no more states come of it.
    Choice with_most(const States& from, std::size_t hole, const Choice& of) {
        const std::vector<std::size_t> order = classes_by_weight();
        Choice best;
        Classes tried(of.classes.size());
        for (const std::size_t first : order) {
            if (tried[first]) {
                continue;
            }
            Choice choice = of;
            choice.classes.assign(of.classes.size(), false);
            choice.classes[first] = true;
            follow(from, hole, choice);
            for (const std::size_t c : order) {
                if (choice.states.empty() || choice.classes[c]) {
                    continue;
                }
                Choice more = choice;
                more.classes[c] = true;
                follow(from, hole, more);
                if (!more.states.empty() && more.states.size() <= choice.states.size()) {
                    choice = std::move(more);
                }
            }
            for (std::size_t c = 0; c < tried.size(); ++c) {
                tried[c] = tried[c] || choice.classes[c];
            }
            if (!choice.states.empty() && (best.states.empty() || choice.weight > best.weight)) {
                best = std::move(choice);
            }
        }
        return best;
    }

    void set_rule(const Choice& choice, HoleRule& rule) const {
        rule.forbidden.set();
        for (std::size_t c = 0; c < choice.classes.size(); ++c) {
            for (std::size_t byte = 0; choice.classes[c] && byte < 128; ++byte) {
                if (machine_.bytes(c)[byte]) {
                    rule.forbidden.reset(byte);
                }
            }
        }
        if (choice.size_max != HoleRule::kAnySize) {
            rule.size_min = choice.size_min;
            rule.size_max = choice.size_max;
        }
    }

    RegexpMachine machine_;
    const HoledText& text_;
    const absl::Span<const HoleHint> hints_;
    std::vector<int> weights_;  // per class, of the bytes that a hole is likely to have
    int all_weight_ = 0;
    Result result_;
};

// A line whose holes keep to their rules, with as much in each as `size` and its rule allow.
class Sample {
  public:
    Sample(const HoledText& text, const std::vector<HoleRule>& rules, std::size_t size) {
        std::size_t at = 0;
        for (std::size_t hole = 0; hole < text.holes(); ++hole) {
            line_.append(text.text(), at, text.place(hole) - at);
            at = text.place(hole) + 1;
            const HoleRule& rule = rules[hole];
            const std::size_t bytes =
                std::clamp(size, std::max<std::size_t>(rule.size_min, 1), rule.size_max);
            for (std::size_t i = 0; i < bytes; ++i) {
                line_.push_back(allowed_byte(rule, i));
            }
            grown_.emplace_back(text.place(hole), bytes - 1);
        }
        line_.append(text.text(), at);
    }

    [[nodiscard]] const std::string& line() const { return line_; }
    // Where a place of the text is in it.
    [[nodiscard]] std::size_t place(int of_text) const {
        auto place = static_cast<std::size_t>(of_text);
        for (const auto& [hole, by] : grown_) {
            place += hole < static_cast<std::size_t>(of_text) ? by : 0;
        }
        return place;
    }

  private:
    static char allowed_byte(const HoleRule& rule, std::size_t i) {
        const std::string_view kTried = "1aZ-x.7/ _=";
        for (std::size_t n = 0; n < kTried.size(); ++n) {
            const char c = kTried[(i + n) % kTried.size()];
            if (!rule.forbidden[static_cast<unsigned char>(c)]) {
                return c;
            }
        }
        std::size_t byte = 0;
        while (byte < 127 && rule.forbidden[byte]) {
            ++byte;
        }
        return static_cast<char>(byte);
    }

    std::string line_;
    std::vector<std::pair<std::size_t, std::size_t>> grown_;
};

// Whether RE2 finds the same in a line: it has the last word.
bool agrees(const regex::Regex& regex, const RegexpOutliner& outliner, const Sample& sample) {
    std::vector<std::string_view> groups;
    if (regex.find(sample.line(), 0, groups) != outliner.matched()) {
        return false;
    }
    for (std::size_t i = 1; i < groups.size(); ++i) {
        const int begin = outliner.save(2 * i);
        const int end = outliner.save(2 * i + 1);
        if ((groups[i].data() == nullptr) != (begin == kNowhere) && begin != kInside) {
            return false;
        }
        const bool known = begin >= 0 && end >= 0;
        if (known && groups[i] != std::string_view(sample.line())
                                      .substr(sample.place(begin),
                                              sample.place(end) - sample.place(begin))) {
            return false;
        }
    }
    return true;
}

OutlineField field_of(const std::string& name,
                      std::size_t group,
                      const RegexpOutliner& outliner,
                      const HoledText& text) {
    OutlineField field;
    field.name = name;
    field.holes_seen = outliner.holes_seen();
    const int begin = outliner.save(2 * group);
    const int end = outliner.save(2 * group + 1);
    if (begin >= 0 && end >= 0) {
        field.parts = text.parts(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
    } else {
        field.unknown = begin != kNowhere || end != kNowhere;
    }
    return field;
}

}  // namespace

std::optional<Outline> RegexpParser::outline(absl::Span<const std::string_view> pieces,
                                             absl::Span<const HoleHint> hints) const {
    const HoledText text(pieces, kRegexpFiller);
    if (program_ == nullptr) {
        return std::nullopt;
    }
    RegexpOutliner outliner(*program_, text, hints);
    constexpr std::size_t kSampleSizes[] = {1, 5};
    if (!outliner.run() ||
        !std::all_of(std::begin(kSampleSizes), std::end(kSampleSizes), [&](std::size_t size) {
            return agrees(*regex_, outliner, Sample(text, outliner.rules(), size));
        })) {
        return std::nullopt;
    }
    Outline out;
    out.holes = outliner.rules();
    const auto& names = regex_->group_names();
    for (std::size_t i = 1; i < names.size() && outliner.matched(); ++i) {
        if (!names[i].empty()) {
            out.fields.push_back(field_of(names[i], i, outliner, text));
        }
    }
    return out;
}

}  // namespace logi::fields
