#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace winrm::net {

namespace {

constexpr std::size_t most_names = 8; // of a certificate, quoted in an error

std::string text_of(BIO* b)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(b, &data);
    std::string text(data, size > 0 ? static_cast<std::size_t>(size) : 0);
    BIO_free(b);
    return text;
}

std::string text_of(const X509_NAME* name)
{
    BIO* b = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return text_of(b);
}

std::string text_of(const ASN1_TIME* time)
{
    BIO* b = BIO_new(BIO_s_mem());
    ASN1_TIME_print(b, time);
    return text_of(b);
}

std::string address_text(const ASN1_OCTET_STRING* ip)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int size = ASN1_STRING_length(ip);
    if (size != 4 && size != 16) return {};
    const char* got = ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text.data(), text.size());
    return got == nullptr ? std::string() : got;
}

std::string common_name(X509* certificate)
{
    std::array<char, 256> text{};
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(), text.size());
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

/// subjectAltName's DNS names and addresses; the common name where there are none, as OpenSSL compares too.
std::string names_of(X509* certificate)
{
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    std::string list;
    std::size_t count = 0;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()) && count < most_names; ++i) {
        const GENERAL_NAME* n = sk_GENERAL_NAME_value(all.get(), i);
        std::string one;
        if (n->type == GEN_DNS)
            one.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(n->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(n->d.dNSName)));
        else if (n->type == GEN_IPADD) one = address_text(n->d.iPAddress);
        if (one.empty()) continue;
        if (!list.empty()) list += ", ";
        list += one;
        ++count;
    }
    return list.empty() ? common_name(certificate) : list;
}

int remember(int fine, X509_STORE_CTX* store)
{
    if (fine != 0) return 1;
    const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* verdict = static_cast<std::optional<certificate_verdict>*>(SSL_get_app_data(ssl));
    if (verdict == nullptr || verdict->has_value()) return 0;
    certificate_verdict v;
    v.code = X509_STORE_CTX_get_error(store);
    if (X509* bad = X509_STORE_CTX_get_current_cert(store)) {
        v.subject = text_of(X509_get_subject_name(bad));
        v.issuer = text_of(X509_get_issuer_name(bad));
        v.names = names_of(bad);
        v.not_before = text_of(X509_get0_notBefore(bad));
        v.not_after = text_of(X509_get0_notAfter(bad));
    }
    *verdict = std::move(v);
    return 0;
}

std::string without_zone(const std::string& host) { return host.substr(0, host.find('%')); }

/// A sentence, what may help, and what the certificate says where it says anything.
error refusal(std::string sentence, remedy helps, const std::string& lead, const std::string& words)
{
    auto e = error(errc::certificate, std::move(sentence)).with_remedy(helps);
    if (!words.empty()) e.with_more("; " + lead).with_peer_text(words);
    return e;
}

} // namespace

bool is_address(const std::string& host)
{
    std::array<unsigned char, 16> octets{};
    return ::inet_pton(AF_INET, host.c_str(), octets.data()) == 1 ||
           ::inet_pton(AF_INET6, without_zone(host).c_str(), octets.data()) == 1;
}

bool verify_host(SSL* ssl, const std::string& host, std::optional<certificate_verdict>& verdict)
{
    SSL_set_app_data(ssl, &verdict);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, remember);
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(param, without_zone(host).c_str()) == 1;
    const std::size_t size = host.size() - (!host.empty() && host.back() == '.' ? 1 : 0);
    return size != 0 && X509_VERIFY_PARAM_set1_host(param, host.data(), size) == 1;
}

error to_error(const certificate_verdict& v, const std::string& host)
{
    switch (v.code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return refusal("the host's certificate is not made out to " + host +
                           " (ask for the host by a name that it has)",
                       remedy::none, "it names", v.names);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return refusal("the host's certificate, or one that vouches for it, has expired and must be renewed there",
                       remedy::none, "it was good until", v.not_after);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return refusal("the host's certificate is not valid yet (are both clocks right?)", remedy::none,
                       "it will be from", v.not_before);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return refusal("the host's certificate is signed by itself alone", remedy::trust_certificate, "it calls itself",
                       v.subject);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return refusal("the host's certificate was issued by an authority not trusted here", remedy::trust_issuer,
                       "it is", v.issuer);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return refusal(
            "the host's certificate names an authority trusted here as its issuer, but another key signed it",
            remedy::renew_ca_file, "the issuer is", v.issuer);
    default:
        return refusal(std::string("the host's certificate was not accepted (") +
                           X509_verify_cert_error_string(v.code) + ")",
                       remedy::none, "it is", v.subject);
    }
}

} // namespace winrm::net
