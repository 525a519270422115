#include "regex/program.h"

#include "base/ascii.h"

#include <algorithm>
#include <memory>

namespace logi::regex {
namespace {

using ByteSet = std::bitset<128>;

constexpr std::size_t kStepsMax = 500;
constexpr std::size_t kSetsMax = 64;
constexpr int kNodeDepthMax = 50;
constexpr unsigned kNoMax = 0xFFFFFFFF;
constexpr unsigned kRepeatMax = 1000;

struct Node {
    enum class Kind : std::uint8_t { kSet, kBegin, kEnd, kSequence, kChoice, kRepeat, kGroup };
    Kind kind = Kind::kSequence;
    ByteSet set;
    unsigned min = 0;  // of kRepeat
    unsigned max = 0;
    bool greedy = true;
    std::uint16_t group = 0;
    std::vector<Node> parts;

    [[nodiscard]] bool can_be_empty() const {
        const auto empty = [](const Node& part) {
            return part.can_be_empty();
        };
        switch (kind) {
            case Kind::kSet:
                return false;
            case Kind::kBegin:
            case Kind::kEnd:
                return true;
            case Kind::kChoice:
                return std::any_of(parts.begin(), parts.end(), empty);
            case Kind::kRepeat:
                return min == 0 || empty(parts[0]);
            case Kind::kSequence:
            case Kind::kGroup:
                return std::all_of(parts.begin(), parts.end(), empty);
        }
        return true;
    }
};

Node of_set(const ByteSet& set) {
    Node node;
    node.kind = Node::Kind::kSet;
    node.set = set;
    return node;
}

void add_range(ByteSet& set, char first, char last) {
    for (int c = first; c <= last; ++c) {
        set.set(static_cast<std::size_t>(c));
    }
}

// \d, \s, \w and what they are not.
std::optional<ByteSet> perl_class(char letter) {
    ByteSet set;
    switch (letter | 0x20) {
        case 'd':
            add_range(set, '0', '9');
            break;
        case 's':
            for (const char c : {'\t', '\n', '\f', '\r', ' '}) {
                add_range(set, c, c);
            }
            break;
        case 'w':
            add_range(set, '0', '9');
            add_range(set, 'A', 'Z');
            add_range(set, 'a', 'z');
            add_range(set, '_', '_');
            break;
        default:
            return std::nullopt;
    }
    return letter < 'a' ? ~set : set;
}

// What is read stops at what it does not know: ok() tells.
class PatternReader {
  public:
    explicit PatternReader(std::string_view pattern) : pattern_(pattern) {}

    Node read() {
        Node node = choice();
        ok_ = ok_ && at_ == pattern_.size();
        return node;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t groups() const { return groups_; }

  private:
    struct Flags {
        bool any_case = false;
        bool dot_matches_newline = false;
    };

    [[nodiscard]] bool at_end() const { return !ok_ || at_ == pattern_.size(); }
    [[nodiscard]] bool sees(std::string_view text) const {
        return ok_ && pattern_.substr(at_).starts_with(text);
    }
    [[nodiscard]] char peek(std::size_t behind) const {
        return at_ + behind < pattern_.size() ? pattern_[at_ + behind] : '\0';
    }
    bool takes(std::string_view text) {
        if (!sees(text)) {
            return false;
        }
        at_ += text.size();
        return true;
    }
    char take() {
        if (at_end()) {
            ok_ = false;
            return 0;
        }
        const char c = pattern_[at_++];
        ok_ = ok_ && static_cast<unsigned char>(c) < 0x80;
        return c;
    }
    Node fail() {
        ok_ = false;
        return {};
    }

    Node choice() {
        const Flags outside = flags_;
        if (++depth_ > kNodeDepthMax) {
            return fail();
        }
        Node all;
        all.kind = Node::Kind::kChoice;
        do {
            Node one;
            while (!at_end() && !sees("|") && !sees(")")) {
                repeated(one.parts);
            }
            all.parts.push_back(std::move(one));
        } while (takes("|"));
        --depth_;
        flags_ = outside;
        return all;
    }

    // One thing, and how often.
    void repeated(std::vector<Node>& parts) {
        const std::size_t before = parts.size();
        single(parts);
        // What follows flags repeats what stands before them, in RE2.
        if (parts.size() == before && (sees("{") || sees("*") || sees("+") || sees("?"))) {
            ok_ = false;
        }
        if (!ok_ || parts.size() == before) {
            return;
        }
        Node repeat;
        repeat.kind = Node::Kind::kRepeat;
        if (!times(repeat)) {
            return;
        }
        repeat.greedy = !takes("?");
        // In what way a loop ends that takes nothing is not told here.
        if ((repeat.max > 1 && parts.back().can_be_empty()) || sees("*") || sees("+") ||
            sees("?")) {
            ok_ = false;
            return;
        }
        repeat.parts.push_back(std::move(parts.back()));
        parts.back() = std::move(repeat);
    }

    bool times(Node& repeat) {
        if (takes("*")) {
            repeat.max = kNoMax;
            return true;
        }
        if (takes("+")) {
            repeat.min = 1;
            repeat.max = kNoMax;
            return true;
        }
        if (takes("?")) {
            repeat.max = 1;
            return true;
        }
        const std::size_t before = at_;
        if (takes("{") && number(repeat.min)) {
            repeat.max = repeat.min;
            if (takes(",") && !number(repeat.max)) {
                repeat.max = kNoMax;
            }
            if (takes("}")) {
                return true;
            }
        }
        at_ = before;
        return false;
    }

    bool number(unsigned& value) {
        const std::size_t before = at_;
        value = 0;
        while (at_ < pattern_.size() && base::is_digit(pattern_[at_]) && value <= kRepeatMax) {
            value = 10 * value + static_cast<unsigned>(pattern_[at_++] - '0');
        }
        // {02} is text, in RE2.
        const bool is_text = at_ - before > 1 && pattern_[before] == '0';
        ok_ = ok_ && value <= kRepeatMax && !is_text;
        return at_ > before;
    }

    void single(std::vector<Node>& parts) {
        Node node;
        const char c = take();
        switch (c) {
            case '(':
                group(parts);
                return;
            case '[':
                node = of_set(bracketed());
                break;
            case '.':
                node = of_set(~ByteSet());
                node.set.set('\n', flags_.dot_matches_newline);
                break;
            case '^':
                node.kind = Node::Kind::kBegin;
                break;
            case '$':
                node.kind = Node::Kind::kEnd;
                break;
            case '\\':
                if (takes("A")) {
                    node.kind = Node::Kind::kBegin;
                } else if (takes("z")) {
                    node.kind = Node::Kind::kEnd;
                } else {
                    node = of_set(escaped());
                }
                break;
            case '*':
            case '+':
            case '?':
                node = fail();
                break;
            default:
                node = of_set(one(c));
        }
        parts.push_back(std::move(node));
    }

    // Behind the opening parenthesis.
    void group(std::vector<Node>& parts) {
        Node node;
        node.kind = Node::Kind::kGroup;
        if (takes("?P<") || takes("?<")) {
            while (!at_end() && !takes(">")) {
                take();
            }
            node.group = static_cast<std::uint16_t>(groups_++);
        } else if (takes("?")) {
            const Flags outside = flags_;
            read_flags();
            if (takes(")")) {
                return;  // the flags go on to the end of what is around
            }
            ok_ = ok_ && takes(":");
            node.parts.push_back(choice());
            flags_ = outside;
            ok_ = ok_ && takes(")");
            parts.push_back(std::move(node));
            return;
        }
        node.parts.push_back(choice());
        ok_ = ok_ && takes(")");
        parts.push_back(std::move(node));
    }

    void read_flags() {
        bool on = true;
        while (!at_end() && !sees(")") && !sees(":")) {
            switch (take()) {
                case '-':
                    on = false;
                    break;
                case 'i':
                    flags_.any_case = on;
                    break;
                case 's':
                    flags_.dot_matches_newline = on;
                    break;
                default:
                    ok_ = false;
            }
        }
    }

    [[nodiscard]] ByteSet one(char c) const {
        ByteSet set;
        add_range(set, c, c);
        return folded(set);
    }
    [[nodiscard]] ByteSet folded(ByteSet set) const {
        for (std::size_t c = 'a'; flags_.any_case && c <= 'z'; ++c) {
            const std::size_t capital = c - ('a' - 'A');
            const bool has = set[c] || set[capital];
            set.set(c, has);
            set.set(capital, has);
        }
        return set;
    }

    // Behind a backslash.
    ByteSet escaped() {
        if (const auto set = perl_class(peek(0))) {
            ++at_;
            return *set;
        }
        return one(escaped_character());
    }
    char escaped_character() {
        constexpr std::string_view kLetters = "afnrtv";
        constexpr std::string_view kMeanings = "\a\f\n\r\t\v";
        const char c = take();
        if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
            return kMeanings[i];
        }
        const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        ok_ = ok_ && c > ' ' && !letter && !base::is_digit(c) && c != '_';
        return c;
    }

    // Behind the opening bracket.
    ByteSet bracketed() {
        ByteSet set;
        const bool negated = takes("^");
        bool first = true;
        while (first || !sees("]")) {
            if (at_end() || sees("[:")) {
                fail();
                return set;
            }
            first = false;
            if (sees("\\")) {
                if (const auto of = perl_class(peek(1))) {
                    at_ += 2;
                    set |= *of;
                    continue;
                }
            }
            const char from = bracketed_character();
            char to = from;
            if (sees("-") && !sees("-]")) {
                take();
                to = bracketed_character();
            }
            ok_ = ok_ && from <= to;
            ByteSet range;
            add_range(range, from, to);
            set |= folded(range);
        }
        take();
        return negated ? ~set : set;
    }
    char bracketed_character() {
        const char c = take();
        return c == '\\' ? escaped_character() : c;
    }

    const std::string_view pattern_;
    std::size_t at_ = 0;
    Flags flags_;
    std::size_t groups_ = 1;
    int depth_ = 0;
    bool ok_ = true;
};

// Steps are made from the end on: what follows one is there already.
class Writer {
  public:
    using Op = Program::Op;

    std::uint16_t add(Op op, std::uint16_t index, std::uint16_t next, std::uint16_t other = 0) {
        if (program_.steps.size() < kStepsMax) {
            program_.steps.push_back({op, index, next, other});
        } else {
            full_ = true;
        }
        return static_cast<std::uint16_t>(program_.steps.size() - 1);
    }

    std::uint16_t write(const Node& node, std::uint16_t next) {
        using Kind = Node::Kind;
        switch (node.kind) {
            case Kind::kSet:
                return add(Op::kByte, set_number(node.set), next);
            case Kind::kBegin:
                return add(Op::kBegin, 0, next);
            case Kind::kEnd:
                return add(Op::kEnd, 0, next);
            case Kind::kSequence:
                return sequence(node, next);
            case Kind::kChoice: {
                std::uint16_t start = write(node.parts.back(), next);
                for (std::size_t i = node.parts.size() - 1; i-- > 0;) {
                    start = add(Op::kSplit, 0, write(node.parts[i], next), start);
                }
                return start;
            }
            case Kind::kRepeat:
                return repeat(node, next);
            case Kind::kGroup: {
                if (node.group == 0) {
                    return sequence(node, next);
                }
                const auto slot = static_cast<std::uint16_t>(2 * node.group);
                const std::uint16_t end =
                    add(Op::kSave, static_cast<std::uint16_t>(slot + 1), next);
                return add(Op::kSave, slot, sequence(node, end));
            }
        }
        return next;
    }

    std::optional<Program> finish(std::uint16_t start, std::size_t groups) {
        if (full_) {
            return std::nullopt;
        }
        program_.start = start;
        program_.groups = groups;
        return std::move(program_);
    }

  private:
    std::uint16_t sequence(const Node& node, std::uint16_t next) {
        for (std::size_t i = node.parts.size(); i-- > 0 && !full_;) {
            next = write(node.parts[i], next);
        }
        return next;
    }

    std::uint16_t split(const Node& repeat, std::uint16_t more, std::uint16_t enough) {
        return repeat.greedy ? add(Op::kSplit, 0, more, enough) : add(Op::kSplit, 0, enough, more);
    }

    std::uint16_t repeat(const Node& node, std::uint16_t next) {
        const Node& part = node.parts[0];
        unsigned left = node.min;
        if (node.max == kNoMax) {
            const std::uint16_t loop = split(node, 0, next);
            const std::uint16_t body = write(part, loop);
            auto& step = program_.steps[loop];
            (node.greedy ? step.next : step.other) = body;
            next = loop;
            // At least one is the loop, entered by what it repeats.
            if (left > 0) {
                next = body;
                --left;
            }
        } else {
            const std::uint16_t behind = next;
            for (unsigned i = node.min; i < node.max && !full_; ++i) {
                next = split(node, write(part, next), behind);
            }
        }
        for (; left > 0 && !full_; --left) {
            next = write(part, next);
        }
        return next;
    }

    std::uint16_t set_number(const ByteSet& set) {
        auto& sets = program_.sets;
        const auto it = std::find(sets.begin(), sets.end(), set);
        const auto number = static_cast<std::uint16_t>(it - sets.begin());
        if (it == sets.end()) {
            full_ = full_ || sets.size() == kSetsMax;
            sets.push_back(set);
        }
        return number;
    }

    Program program_;
    bool full_ = false;
};

}  // namespace

std::optional<Program> compile_program(std::string_view pattern) {
    PatternReader reader(pattern);
    const Node node = reader.read();
    if (!reader.ok()) {
        return std::nullopt;
    }
    Writer writer;
    const std::uint16_t match = writer.add(Program::Op::kMatch, 0, 0);
    const std::uint16_t start = writer.write(node, match);
    return writer.finish(start, reader.groups());
}

}  // namespace logi::regex
