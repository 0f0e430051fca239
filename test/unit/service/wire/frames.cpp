#include "service/wire/frames.h"

#include "service/wire/frame_fields.h"

#include <gtest/gtest.h>

#include <set>

using namespace winrm;
using namespace winrm::service;

namespace {

wire::front_setup some_setup()
{
    wire::front_setup s;
    s.listeners = {{"0.0.0.0", true}, {"::1", false}};
    s.certificate_pem = "-----BEGIN CERTIFICATE-----\n";
    s.key_pem = base::secret{std::string{"key"}};
    s.allow_unencrypted = true;
    s.basic = false;
    s.token_schemes = {"Negotiate", "NTLM"};
    s.max_connections = 7;
    s.connection_idle_ms = 0xdeadbeef;
    s.product_vendor = "v";
    s.product_version = "1.2";
    s.log_level = 3;
    s.answer_time_ms = 123456;
    return s;
}

wire::user_setup some_user()
{
    wire::user_setup u;
    u.user = "ada";
    u.home = "/home/ada";
    u.shell = "/bin/sh";
    u.machine = "m";
    u.limits.max_shells_per_user = 3;
    u.https_port = 65535;
    u.cgroup = "/sys/fs/cgroup/x";
    u.product_version = "0.1";
    u.powershell = "/opt/pwsh";
    u.warm_spare = true;
    return u;
}

auth::sealing_keys some_keys()
{
    return {auth::sealing_keys::kind::ntlm, base::secret{std::string{"0123456789abcdef"}}};
}

wire::token_setup some_tokens()
{
    wire::token_setup t;
    t.ntlm_accounts.push_back({"ada", "", base::secret{std::string{"fedcba9876543210"}}});
    t.ntlm_accounts.push_back({"bob", "CORP", base::secret{std::string{"fedcba9876543211"}}});
    t.ntlm = true;
    t.bindings = {{wire::channel_binding::relaxed, wire::channel_binding::none}, {}};
    t.keytab = base::secret{std::string("\5\2\0", 3)};
    t.services = {"HTTP", "host"};
    t.nb_computer = "HOST";
    t.max_logins = 7;
    return t;
}

std::vector<base::bytes> one_of_each()
{
    std::vector<base::bytes> all;
    all.push_back(wire::encode(wire::frame{wire::reply{5, true, "application/soap+xml;charset=UTF-8", ""}}));
    wire::login_request q;
    q.connection = 1ull << 40;
    q.tls = true;
    q.peer = "2001:db8::1";
    q.user = "ada";
    q.password = base::secret{std::string{"pass\xc3\xa9"}};
    all.push_back(wire::encode(wire::frame{std::move(q)}));
    wire::login_request leg;
    leg.scheme = "Negotiate";
    leg.token = std::string("\x60\0\1", 3);
    leg.first = false;
    leg.listener = 2;
    all.push_back(wire::encode(wire::frame{std::move(leg)}));
    all.push_back(
        wire::encode(wire::login_answer{9, wire::login_verdict::unavailable, 1ull << 35, "token", some_keys()}));
    all.push_back(wire::encode(some_tokens()));
    all.push_back(wire::encode(
        wire::frame{wire::token_step{1, 2, 3, "NTLM", true, "tls-server-end-point:x", false, "NTLMSSP", 3}}));
    all.push_back(wire::encode(wire::token_answer{4,
                                                  wire::login_verdict::go_on,
                                                  "t",
                                                  {"NTLM", "D\\ada", "ada", true, false, true, false},
                                                  "why",
                                                  some_keys(),
                                                  base::secret{std::string{"\5\4ticket"}}}));
    wire::token_answer question{4, wire::login_verdict::ask_account, "", {"NTLM", "D\\eve", "eve"}, "", {}, {}};
    question.asked = {"eve", "D", "PC1", "12345678", "response"};
    all.push_back(wire::encode(question));
    wire::token_step said{2, 2, 3, "NTLM", true, "", false, "", 3};
    said.session_key = base::secret{std::string(16, 'k')};
    said.account = "D\\eve";
    all.push_back(wire::encode(said));
    all.push_back(wire::encode(wire::frame{wire::token_drop{5, 6, true}}));
    all.push_back(wire::encode(wire::frame{some_setup()}));
    all.push_back(wire::encode(wire::frame{some_user()}));
    all.push_back(wire::encode(wire::frame{wire::user_connection{"127.0.0.1"}}));
    all.push_back(wire::encode(wire::frame{wire::user_status{4, 5, 6}}));
    all.push_back(wire::encode(wire::frame{wire::stop{}}));
    all.push_back(wire::encode(wire::frame{wire::ready{}}));
    all.push_back(wire::encode(wire::frame{wire::drain{}}));
    all.push_back(wire::encode(wire::frame{wire::user_settings{2}}));
    all.push_back(wire::encode(wire::frame{wire::login_withdrawn{1ull << 33}}));
    all.push_back(wire::encode(wire::frame{wire::login_started{7}}));
    all.push_back(wire::encode(wire::frame{wire::answer_now{8}}));
    all.push_back(wire::encode(wire::frame{wire::ping{}}));
    all.push_back(wire::encode(wire::frame{wire::pong{}}));
    return all;
}

TEST(Frames, EveryKindComesBackAsItWas)
{
    for (const base::bytes& payload : one_of_each()) {
        auto frame = wire::decode(base::bytes{payload});
        ASSERT_TRUE(frame) << int{payload[0]};
        EXPECT_EQ(wire::encode(*frame), payload);
    }
    auto setup = wire::decode(wire::encode(wire::frame{some_setup()}));
    const auto& s = std::get<wire::front_setup>(*setup);
    ASSERT_EQ(s.listeners.size(), 2u);
    EXPECT_EQ(s.listeners[1].address, "::1");
    EXPECT_FALSE(s.listeners[1].tls);
    EXPECT_EQ(s.key_pem.reveal(), "key");
    EXPECT_EQ(s.connection_idle_ms, 0xdeadbeefu);
    EXPECT_EQ(s.answer_time_ms, 123456u);
    EXPECT_EQ(s.product_version, "1.2");
    auto user = wire::decode(wire::encode(wire::frame{some_user()}));
    EXPECT_EQ(std::get<wire::user_setup>(*user).https_port, 65535);
    EXPECT_EQ(std::get<wire::user_setup>(*user).cgroup, "/sys/fs/cgroup/x");
}

TEST(Frames, CutAtEachByteIsRefused)
{
    for (const base::bytes& payload : one_of_each())
        for (std::size_t size = 0; size < payload.size(); ++size)
            EXPECT_FALSE(wire::decode(payload.substr(0, size))) << size;
}

TEST(Frames, BytesLeftOverAreRefused)
{
    const auto all = one_of_each();
    for (std::size_t i = 1; i < all.size(); ++i)
        EXPECT_FALSE(wire::decode(all[i] + '\0')) << i; // the first ends with an envelope
}

TEST(Frames, EnvelopeRunsToTheEndAndNeedsNoJoin)
{
    const wire::request r{42, "UTF-16", true, std::string{"<\0>", 3}};
    EXPECT_EQ(wire::encode_head(r) + r.envelope, wire::encode(wire::frame{r}));
    auto back = wire::decode(wire::encode(wire::frame{r}));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::get<wire::request>(*back).number, 42u);
    EXPECT_EQ(std::get<wire::request>(*back).charset, "UTF-16");
    EXPECT_TRUE(std::get<wire::request>(*back).chunked);
    EXPECT_EQ(std::get<wire::request>(*back).envelope, r.envelope);
    const wire::reply a{43, true, "m", "x"};
    EXPECT_EQ(wire::encode_head(a) + a.envelope, wire::encode(wire::frame{a}));
}

TEST(Frames, IntegersAreLittleEndian)
{
    EXPECT_EQ(wire::encode(wire::frame{wire::user_status{0x01020304, 5, 6}}),
              (base::bytes{"\x08\x04\x03\x02\x01\x05\0\0\0\x06\0\0\0", 13}));
}

TEST(Frames, UnknownKindsAndValuesAreRefused)
{
    EXPECT_FALSE(wire::decode(""));
    EXPECT_FALSE(wire::decode(base::bytes(1, '\0')));
    EXPECT_FALSE(wire::decode(base::bytes(1, '\x0d')));
    EXPECT_FALSE(wire::decode(base::bytes(1, '\xff')));
    base::bytes answer = wire::encode(wire::frame{wire::login_answer{1, wire::login_verdict::accepted}});
    answer[9] = 4; // the verdict
    EXPECT_FALSE(wire::decode(std::move(answer)));
    base::bytes keys = wire::encode(wire::login_answer{1, wire::login_verdict::accepted, 0, {}, some_keys()});
    keys[keys.size() - 21] = 3; // the kind of keys
    EXPECT_FALSE(wire::decode(std::move(keys)));
    base::bytes fault = wire::encode(wire::frame{wire::reply{1, true, "", ""}});
    fault[9] = 2; // a flag is 0 or 1
    EXPECT_FALSE(wire::decode(std::move(fault)));
}

TEST(Frames, FieldsOverTheirBoundAreRefused)
{
    const auto login = [](std::size_t user, std::size_t password) {
        wire::login_request q;
        q.user.assign(user, 'u');
        q.password = base::secret{std::string(password, 'p')};
        return wire::encode(wire::frame{std::move(q)});
    };
    EXPECT_TRUE(wire::decode(login(1024, 1024)));
    EXPECT_FALSE(wire::decode(login(1025, 1)));
    EXPECT_FALSE(wire::decode(login(1, 1025)));
    wire::front_setup many;
    many.listeners.resize(64);
    EXPECT_TRUE(wire::decode(wire::encode(wire::frame{some_setup()})));
    many.listeners.resize(65);
    EXPECT_FALSE(wire::decode(wire::encode(wire::frame{std::move(many)})));
    EXPECT_FALSE(wire::decode(wire::encode(wire::frame{wire::user_connection{std::string(257, 'x')}})));
}

/// Issue 10: every length is looked at before anything is kept.
TEST(Frames, TokensAndKeysOverTheirBoundAreRefused)
{
    const auto step = [](std::size_t size) {
        wire::token_step s;
        s.token.assign(size, 't');
        return wire::decode(wire::encode(wire::frame{std::move(s)})).has_value();
    };
    EXPECT_TRUE(step(wire::max_token));
    EXPECT_FALSE(step(wire::max_token + 1));
    const auto request = [](std::size_t size) {
        wire::login_request q;
        q.token.assign(size, 't');
        return wire::decode(wire::encode(wire::frame{std::move(q)})).has_value();
    };
    EXPECT_TRUE(request(wire::max_token));
    EXPECT_FALSE(request(wire::max_token + 1));
    const auto answer = [](std::size_t token, std::size_t blob) {
        wire::token_answer a;
        a.token.assign(token, 't');
        a.keys = {auth::sealing_keys::kind::kerberos, base::secret{std::string(blob, 'k')}};
        a.ticket = base::secret{std::string(wire::max_token, 't')};
        const base::bytes frame = wire::encode(a);
        EXPECT_LT(frame.size(), wire::max_control_frame);
        return wire::decode(base::bytes{frame}).has_value();
    };
    EXPECT_TRUE(answer(wire::max_token, auth::sealing_keys::max_blob));
    EXPECT_FALSE(answer(wire::max_token + 1, 0));
    EXPECT_FALSE(answer(0, auth::sealing_keys::max_blob + 1));
}

TEST(Frames, LengthBeyondTheFrameIsRefusedWithoutReservingIt)
{
    base::bytes frame = wire::encode(wire::frame{wire::user_connection{"abc"}});
    frame[1] = frame[2] = frame[3] = frame[4] = '\xff';
    EXPECT_FALSE(wire::decode(std::move(frame)));
    base::bytes setup = wire::encode(wire::frame{some_setup()});
    setup[1] = setup[2] = setup[3] = setup[4] = '\xff'; // number of listeners
    EXPECT_FALSE(wire::decode(std::move(setup)));
}

TEST(Frames, WhatTheBoundsAllowFitsAControlFrame)
{
    wire::front_setup s;
    s.certificate_pem.assign(96 * 1024, 'c');
    s.key_pem = base::secret{std::string(96 * 1024, 'k')};
    const base::bytes frame = wire::encode(wire::frame{std::move(s)});
    EXPECT_LT(frame.size(), wire::max_control_frame);
    EXPECT_TRUE(wire::decode(base::bytes{frame}));
}

/// Stands for a member of any type.
struct anything
{
    template <class T> operator T() const;
};
/// Number of members of an aggregate: the most initialisers that it takes.
template <class T, class... Some> consteval std::size_t members()
{
    if constexpr (requires { T{Some{}..., anything{}}; }) return members<T, Some..., anything>();
    else return sizeof...(Some);
}
static_assert(members<wire::listener>() == 2 && members<wire::stop>() == 0 && members<wire::quotas>() == 15);

/// Notes where each field lies.
class noting
{
public:
    template <class T> void number(const T& value) { note(value); }
    void flag(const bool& value) { note(value); }
    void text(const std::string& value, std::size_t) { note(value); }
    void secret(const base::secret& value, std::size_t) { note(value); }
    void rest(const std::string& value, std::size_t) { note(value); }
    template <class E> void choice(const E& value, E) { note(value); }
    template <class T> void group(const T& value) { note(value); }
    template <class T> void list(const std::vector<T>& all, std::size_t) { note(all); }
    std::size_t visits = 0;
    std::set<const void*> places;

private:
    template <class T> void note(const T& value)
    {
        ++visits;
        places.insert(&value);
    }
};

template <class T> void expect_each_member_once()
{
    const T value{};
    noting all;
    wire::fields(all, value);
    EXPECT_EQ(all.visits, members<T>()) << typeid(T).name();
    EXPECT_EQ(all.places.size(), members<T>()) << typeid(T).name();
}

template <std::size_t... I> void expect_each_member_once_in(std::index_sequence<I...>)
{
    (expect_each_member_once<std::variant_alternative_t<I, wire::frame>>(), ...);
}

/// s9_6: a field that was added to a struct and not to its list would stay behind in the monitor.
TEST(Frames, EachMemberOfEachFrameIsInItsListOnce)
{
    expect_each_member_once_in(std::make_index_sequence<std::variant_size_v<wire::frame>>{});
    expect_each_member_once<wire::quotas>();
    expect_each_member_once<wire::listener>();
    expect_each_member_once<wire::ntlm_account>();
    expect_each_member_once<wire::token_facts>();
    expect_each_member_once<wire::domain_response>();
    expect_each_member_once<wire::binding_rules>();
    expect_each_member_once<auth::sealing_keys>();
}

TEST(Frames, SetupsComeBackEqualAndCompareByEachMember)
{
    const auto front = wire::decode(wire::encode(some_setup()));
    ASSERT_TRUE(front);
    EXPECT_EQ(std::get<wire::front_setup>(*front), some_setup());
    wire::front_setup other_key = some_setup();
    other_key.key_pem = base::secret{std::string{"kex"}};
    EXPECT_NE(other_key, some_setup());
    wire::front_setup other_listener = some_setup();
    other_listener.listeners[1].tls = true;
    EXPECT_NE(other_listener, some_setup());

    const auto tokens = wire::decode(wire::encode(some_tokens()));
    ASSERT_TRUE(tokens);
    EXPECT_EQ(std::get<wire::token_setup>(*tokens), some_tokens());

    const auto user = wire::decode(wire::encode(wire::frame{some_user()}));
    ASSERT_TRUE(user);
    EXPECT_EQ(std::get<wire::user_setup>(*user), some_user());
    wire::user_setup other_quota = some_user();
    other_quota.limits.max_memory_per_shell_mb = 1;
    EXPECT_NE(other_quota, some_user());
}

TEST(Frames, ASetupIsEncodedWithoutACopyOfItsKey)
{
    EXPECT_EQ(wire::encode(some_setup()), wire::encode(wire::frame{some_setup()}));
}

/// A string that grows leaves what it held behind in memory, unwiped.
TEST(Frames, RoomIsReservedForTheWholeFrame)
{
    wire::front_setup s = some_setup();
    s.key_pem = base::secret{std::string(50'000, 'k')};
    const base::bytes frame = wire::encode(s);
    EXPECT_EQ(frame.capacity(), frame.size());
}

} // namespace
