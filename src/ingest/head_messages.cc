#include "ingest/head_messages.h"

#include "base/bytes.h"

namespace logi::ingest {

std::string encode_question(const HeadQuestion& question) {
    std::string out;
    base::ByteWriter w(out);
    w.string(question.tenant);
    w.varint(question.after.size());
    for (const auto& [journal, number] : question.after) {
        w.u64(journal);
        w.u64(number);
    }
    return out;
}

StatusOr<HeadQuestion> decode_question(std::string_view bytes) {
    base::ByteReader r(bytes);
    HeadQuestion question;
    question.tenant = std::string(r.string());
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint64_t journal = r.u64();
        question.after[journal] = r.u64();
    }
    return r.ok() && r.done()
               ? StatusOr<HeadQuestion>(std::move(question))
               : absl::InvalidArgumentError("this is no question for what is in journals");
}

std::string encode_answer(const HeadAnswer& answer) {
    std::string out;
    base::ByteWriter w(out);
    w.varint(answer.size());
    for (const HeadPart& part : answer) {
        w.u64(part.journal);
        w.u64(part.last);
        w.u8(part.more ? 1 : 0);
        w.varint(part.objects.size());
        for (const auto& object : part.objects) {
            w.string(object);
        }
    }
    return out;
}

StatusOr<HeadAnswer> decode_answer(std::string_view bytes) {
    base::ByteReader r(bytes);
    HeadAnswer answer;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        HeadPart part;
        part.journal = r.u64();
        part.last = r.u64();
        part.more = r.u8() != 0;
        for (std::uint64_t k = r.varint(); k > 0 && r.ok(); --k) {
            part.objects.emplace_back(r.string());
        }
        answer.push_back(std::move(part));
    }
    return r.ok() && r.done()
               ? StatusOr<HeadAnswer>(std::move(answer))
               : absl::InvalidArgumentError("this is no answer of what is in journals");
}

}  // namespace logi::ingest
