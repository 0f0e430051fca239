#include "http/sealed_body.h"

#include "support/vector_file.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::http {
namespace {

using namespace std::string_literals;

constexpr std::size_t limit = 500 * 1024;

/// A cipher for tests: every byte turned over, a header of its own.
void toy_seal(std::span<char> token, std::size_t header)
{
    std::fill_n(token.begin(), header, 'H');
    for (char& c : token.subspan(header)) c = static_cast<char>(~c);
}

std::string toy_body(std::string_view clear, auth::seal_room room = {16, 0})
{
    sealed_body_writer writer(sealed_protocol::spnego, clear, room);
    toy_seal(writer.token(), room.header);
    return std::move(writer).finish();
}

std::string open(sealed_body& body)
{
    std::string out;
    for (const char c : body.token.subspan(body.header_size)) out.push_back(static_cast<char>(~c));
    return out;
}

// Clients cut these texts out literally, TABs included (pypsrp, pywinrm).
TEST(sealed_body, exact_form_is_written)
{
    sealed_body_writer writer(sealed_protocol::kerberos, "abc", {2, 1});
    std::copy_n("HHabcP", 6, writer.token().begin());
    EXPECT_EQ(std::move(writer).finish(), "--Encrypted Boundary\r\n"
                                          "\tContent-Type: application/HTTP-Kerberos-session-encrypted\r\n"
                                          "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n"
                                          "--Encrypted Boundary\r\n"
                                          "\tContent-Type: application/octet-stream\r\n"
                                          "\x02\0\0\0HHabcP--Encrypted Boundary--\r\n"s);

    EXPECT_EQ(sealed_content_type(sealed_protocol::spnego),
              "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted "
              "Boundary\"");
}

TEST(sealed_body, both_ends_in_place)
{
    for (const auth::seal_room room : {auth::seal_room{16, 0}, auth::seal_room{60, 0}, auth::seal_room{45, 1}}) {
        for (const std::size_t size : {0, 1, 42, 5000}) {
            const std::string clear(size, 'x');
            std::string body = toy_body(clear, room);
            sealed_body got = parse_sealed_body(body, limit);
            ASSERT_EQ(got.refused, sealed_refusal::none) << size;
            EXPECT_EQ(got.original_type, "application/soap+xml");
            EXPECT_EQ(got.charset, "UTF-8");
            EXPECT_EQ(got.header_size, room.header);
            EXPECT_EQ(got.token.size(), room.header + size + room.pad);
            EXPECT_EQ(open(got).substr(0, size), clear);
            EXPECT_TRUE(got.length_is(size, room.pad));
            EXPECT_TRUE(room.pad > 0 || !got.length_is(size + 1, room.pad));
        }
    }
}

TEST(sealed_body, forms_seen_in_the_wild_are_read)
{
    const std::string sealed = std::string("\x02\0\0\0HHabc", 9);
    struct row
    {
        std::string_view who, head, tail;
    };
    const row rows[] = {
        {"Windows",
         "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: "
         "type=application/soap+xml;charset=UTF-8;Length=3\r\n--Encrypted Boundary\r\n\tContent-Type: "
         "application/octet-stream\r\n",
         "--Encrypted Boundary--\r\n"},
        {"Ruby, OMI: no TAB",
         "--Encrypted Boundary\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\nOriginalContent: "
         "type=application/soap+xml;charset=UTF-8;Length=3\r\n--Encrypted Boundary\r\nContent-Type: "
         "application/octet-stream\r\n",
         "--Encrypted Boundary--\r\n"},
        {"Exchange: blank behind the dashes",
         "-- Encrypted Boundary\r\n\tContent-Type: application/HTTP-Kerberos-session-encrypted\r\n\tOriginalContent: "
         "type=application/soap+xml;charset=UTF-8;Length=3\r\n-- Encrypted Boundary\r\n\tContent-Type: "
         "application/octet-stream\r\n",
         "-- Encrypted Boundary--\r\n"},
        {"blanks, quotes, other case and order",
         "--Encrypted Boundary\r\n  originalcontent:\ttype=\"application/soap+xml\" ; charset=\"UTF-8\" ; "
         "length=\"3\"\r\n  CONTENT-TYPE:application/http-spnego-session-encrypted\r\n--Encrypted Boundary\r\n "
         "content-type:\tapplication/octet-stream\r\n",
         "--Encrypted Boundary--\r\n"},
        {"no line break at the end",
         "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: "
         "type=application/soap+xml;charset=UTF-8;Length=3\r\n--Encrypted Boundary\r\n\tContent-Type: "
         "application/octet-stream\r\n",
         "--Encrypted Boundary--"},
        {"Length with a pad that was not sent (PSWSMan)",
         "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: "
         "type=application/soap+xml;charset=UTF-8;Length=4\r\n--Encrypted Boundary\r\n\tContent-Type: "
         "application/octet-stream\r\n",
         "--Encrypted Boundary--\r\n"},
    };
    for (const row& r : rows) {
        std::string body = std::string(r.head) + sealed + std::string(r.tail);
        sealed_body got = parse_sealed_body(body, limit);
        ASSERT_EQ(got.refused, sealed_refusal::none) << r.who;
        EXPECT_EQ(std::string(got.token.begin(), got.token.end()), "HHabc") << r.who;
        EXPECT_EQ(got.header_size, 2U) << r.who;
        EXPECT_TRUE(got.length_is(3, 1)) << r.who;
        EXPECT_EQ(got.original_type, "application/soap+xml") << r.who;
        EXPECT_EQ(got.charset, "UTF-8") << r.who;
    }
}

TEST(sealed_body, boundary_inside_the_sealed_bytes)
{
    for (const std::string_view inside :
         {"--Encrypted Boundary--\r\n", "--Encrypted Boundary\r\n", "\r\n", "--", "-- "}) {
        std::string clear(inside);
        for (char& c : clear) c = static_cast<char>(~c);
        std::string body = toy_body(clear);
        sealed_body got = parse_sealed_body(body, limit);
        ASSERT_EQ(got.refused, sealed_refusal::none);
        EXPECT_EQ(std::string_view(got.token.data(), got.token.size()).substr(16), inside);
    }
}

TEST(sealed_body, cut_anywhere_is_refused)
{
    const std::string whole = toy_body("some clear text");
    for (std::size_t size = 0; size + 2 < whole.size(); ++size) { // the last line break may be absent
        std::string cut = whole.substr(0, size);
        EXPECT_NE(parse_sealed_body(cut, limit).refused, sealed_refusal::none) << size;
    }
}

TEST(sealed_body, bad_bodies)
{
    const std::string good = toy_body("abc");
    struct row
    {
        std::string_view from, to;
        sealed_refusal expected;
    };
    const row rows[] = {
        {"Length=3", "Length=512001", sealed_refusal::too_large},
        {"Length=3", "Length=99999999999999999999", sealed_refusal::bad_length},
        {"Length=3", "Length=-3", sealed_refusal::bad_length},
        {"Length=3", "Length=", sealed_refusal::bad_length},
        {"Length=3", "Length=0x3", sealed_refusal::bad_length},
        {";Length=3", "", sealed_refusal::bad_length},
        {"Length=3", "Length=20", sealed_refusal::bad_length}, // more than header and data together
        {"\tOriginalContent", "\tOther", sealed_refusal::bad_framing},
        {"\tOriginalContent: ", "\tOriginalContent: Length=3\r\n\tOriginalContent: ", sealed_refusal::bad_framing},
        {"\tContent-Type: application/HTTP", "\tContent-Type: a\r\n\tContent-Type: application/HTTP",
         sealed_refusal::unknown_protocol},
        {"HTTP-SPNEGO", "HTTP-Other", sealed_refusal::unknown_protocol},
        {"\tContent-Type: application/octet-stream", "\tContent-Type: text/plain", sealed_refusal::bad_framing},
        {"\tContent-Type: application/octet-stream", "\tContent-Length: 3", sealed_refusal::bad_framing},
        {"--Encrypted Boundary\r\n", "--Other\r\n", sealed_refusal::bad_framing},
        {"--Encrypted Boundary--", "--Encrypted Boundary-x", sealed_refusal::bad_framing},
        {"octet-stream\r\n\x10", "octet-stream\r\n\x14", sealed_refusal::bad_length}, // header longer than the bytes
        {"octet-stream\r\n\x10", "octet-stream\r\n\xff", sealed_refusal::bad_length},
    };
    for (const row& r : rows) {
        std::string body = good;
        const std::size_t at = body.find(r.from);
        ASSERT_NE(at, std::string::npos) << r.from;
        body.replace(at, r.from.size(), r.to);
        EXPECT_EQ(parse_sealed_body(body, limit).refused, r.expected) << r.from << " -> " << r.to;
    }
    std::string much = toy_body(std::string(2000, 'x'));
    much.replace(much.find("Length=2000"), 11, "Length=3");
    EXPECT_EQ(parse_sealed_body(much, limit).refused, sealed_refusal::bad_length);
    std::string endless = "--Encrypted Boundary\r\n";
    while (endless.size() < 100'000) endless += "\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n";
    EXPECT_EQ(parse_sealed_body(endless, limit).refused, sealed_refusal::bad_framing);
}

TEST(sealed_body, content_types)
{
    struct row
    {
        std::string_view value;
        sealed_refusal expected;
        sealed_protocol protocol;
    };
    const row rows[] = {
        {"multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"",
         sealed_refusal::none, sealed_protocol::spnego},
        {"multipart/encrypted; protocol=application/HTTP-Kerberos-session-encrypted; boundary=Encrypted Boundary",
         sealed_refusal::none, sealed_protocol::kerberos},
        {"Multipart/Encrypted;Boundary=\"Encrypted Boundary\";Protocol=\"application/http-credssp-session-encrypted\"",
         sealed_refusal::none, sealed_protocol::credssp},
        {"multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\"", sealed_refusal::none,
         sealed_protocol::spnego},
        {"multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=other",
         sealed_refusal::bad_framing, sealed_protocol::spnego},
        {"multipart/encrypted", sealed_refusal::unknown_protocol, sealed_protocol::spnego},
        {"multipart/x-multi-encrypted;protocol=\"application/HTTP-CredSSP-session-encrypted\";boundary=\"Encrypted "
         "Boundary\"",
         sealed_refusal::multi_encrypted, sealed_protocol::spnego},
        {"application/soap+xml;charset=UTF-8", sealed_refusal::not_sealed, sealed_protocol::spnego},
        {"", sealed_refusal::not_sealed, sealed_protocol::spnego},
    };
    for (const row& r : rows) {
        const sealed_type got = parse_sealed_content_type(r.value);
        EXPECT_EQ(got.refused, r.expected) << r.value;
        EXPECT_EQ(got.protocol, r.protocol) << r.value;
    }
    for (const sealed_protocol p : {sealed_protocol::spnego, sealed_protocol::kerberos, sealed_protocol::credssp})
        EXPECT_EQ(parse_sealed_content_type(sealed_content_type(p)).protocol, p);
}

TEST(recorded_sealed_body, bodies_of_windows_and_pypsrp)
{
    const std::string folder = SHARED_VECTORS "/auth/encryption/";
    struct row
    {
        const char* file;
        std::size_t header;
    };
    for (const row& r :
         {row{"framing_credssp_pad0", 16}, row{"framing_credssp_pad1", 16}, row{"framing_spnego_pad0", 16},
          row{"framing_spnego_pad1", 16}, row{"ironposh_real_body", 16}}) {
        const auto file = test::read_vector(folder + r.file + ".json");
        if (!file) GTEST_SKIP() << test::no_vectors;
        std::string body = test::unhex(test::field(*file, "hex"));
        sealed_body got = parse_sealed_body(body, limit);
        ASSERT_EQ(got.refused, sealed_refusal::none) << r.file;
        EXPECT_EQ(got.header_size, r.header) << r.file;
        const std::string token(got.token.begin(), got.token.end());
        const std::string plain = test::field(*file, "plaintext");
        if (!plain.empty()) {
            EXPECT_EQ(token, "reallylongheader" + plain + "-encrypted") << r.file;
            EXPECT_TRUE(got.length_is(plain.size(), std::stoul(test::field(*file, "padding_bytes")))) << r.file;
        } else {
            EXPECT_EQ(got.original_length, 2162U);
            EXPECT_EQ(token.size(), 16U + 2162U);
            EXPECT_EQ(test::hex(token.substr(0, 16)), test::field(*file, "signature_hex"));
        }
    }
}

} // namespace
} // namespace winrm::http
