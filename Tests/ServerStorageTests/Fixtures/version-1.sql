BEGIN TRANSACTION;
CREATE TABLE facts (key TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL) STRICT;
INSERT INTO facts VALUES('peerId','a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1');
CREATE TABLE signingKeys (
    key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
    certificate TEXT NOT NULL,
    sealedKey BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'trusted', 'retired')),
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE ownCertificates (
    key TEXT PRIMARY KEY NOT NULL,
    certificate TEXT NOT NULL,
    issuer TEXT NOT NULL,
    sealedKey BLOB NOT NULL,
    createdAt INTEGER NOT NULL
) STRICT;
CREATE TABLE operatorTokens (
    key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    createdAt INTEGER NOT NULL,
    expiresAt INTEGER
) STRICT;
CREATE TABLE peers (
    key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 32),
    name TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    opampEndpoint TEXT,
    pin BLOB NOT NULL,
    previousPin BLOB,
    previousPinUntil INTEGER CHECK (previousPinUntil IS NULL OR previousPin IS NOT NULL),
    serverCAs TEXT NOT NULL,
    agentCAs TEXT NOT NULL,
    tokenSigners TEXT NOT NULL,
    trustVersion INTEGER NOT NULL CHECK (trustVersion >= 0),
    inboundDigest BLOB CHECK (length(inboundDigest) = 32),
    previousInboundDigest BLOB CHECK (previousInboundDigest IS NULL OR inboundDigest IS NOT NULL),
    previousInboundUntil INTEGER CHECK (previousInboundUntil IS NULL OR previousInboundDigest IS NOT NULL),
    outboundSealed BLOB,
    outboundDigest BLOB CHECK ((outboundDigest IS NULL) = (outboundSealed IS NULL)),
    acceptedCertificate TEXT CHECK (length(acceptedCertificate) = 64),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    lastContact INTEGER,
    lastError TEXT
) STRICT;
INSERT INTO peers VALUES('b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2','us','https://us.example:443/','wss://us.example:4320/v1/opamp',X'308201ce30820173a003020102020102300a06082a8648ce3d040302300d310b300906035504030c024341301e170d3237303131353037303030305a170d3237303431353038303030305a3010310e300c06035504030c056167656e743059301306072a8648ce3d020106082a8648ce3d030107034200041e50042e5ad94f274a1458e2dd8f0f049f5fa66100288abcc78c5a4caa04dcc6907cf94f0a40e1c9cfb438ec162e95e13d0caa1a57b34504bbfee59871cc680da381c03081bd300c0603551d130101ff04023000300e0603551d0f0101ff04040302078030130603551d25040c300a06082b06010505070302301d0603551d0e04160414c2513b46f4f0171f9cccca2b23bac7d37e4028dd301f0603551d2304183016801476a3cd19eb0741bf4bf0146b7623eb9452a3323a30480603551d110441303f863d75726e3a6f70616d702d68616e646f7665723a6167656e743a64346434643464342d643464342d643464342d643464342d643464346434643464346434300a06082a8648ce3d0403020349003046022100ad2b45b6e61e147e6fa71fa8908f5c2d21f0876c8110d70ed04b3acc8b6c38f4022100e90aedb1947e50a8931d3f641cd9f9df9646cd290069ef3f9eaa4bdcf1c4036e',X'308201ce30820173a003020102020103300a06082a8648ce3d040302300d310b300906035504030c024341301e170d3237303131353037303030305a170d3237303431353038303030305a3010310e300c06035504030c056167656e743059301306072a8648ce3d020106082a8648ce3d0301070342000442168a8df698bb6f2ec4dc5899a4ba8741dbc519be05eb330e2790c06ffdb08ea4ea31029f5cf4368e8307e8fd18abb58b0d352690e4604e4457625b604b5d0ba381c03081bd300c0603551d130101ff04023000300e0603551d0f0101ff04040302078030130603551d25040c300a06082b06010505070302301d0603551d0e04160414946dd1fe2fc6192926fc50a5665b7cd9edb62a8c301f0603551d2304183016801476a3cd19eb0741bf4bf0146b7623eb9452a3323a30480603551d110441303f863d75726e3a6f70616d702d68616e646f7665723a6167656e743a64346434643464342d643464342d643464342d643464342d643464346434643464346434300a06082a8648ce3d04030203490030460221009fa4d617185f05a68cd4129b5468207459c8ab1e9795042d14ddb7ef390991b902210088465df43648f390afed56c775194b1092c17bce9299644f9185ae2ee8ad5925',1800000000000,replace('-----BEGIN CERTIFICATE-----\nMIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0y\nNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYH\nKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi/YZneYp6\nZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0T\nAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G/\nS/AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G/S/AUa3Yj65RSozI6MAoG\nCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3B\nrgIhALqvgPUeaFm/1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI\n-----END CERTIFICATE-----\n','\n',char(10)),replace('-----BEGIN CERTIFICATE-----\nMIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0y\nNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYH\nKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi/YZneYp6\nZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0T\nAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G/\nS/AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G/S/AUa3Yj65RSozI6MAoG\nCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3B\nrgIhALqvgPUeaFm/1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI\n-----END CERTIFICATE-----\n','\n',char(10)),replace('-----BEGIN CERTIFICATE-----\nMIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0y\nNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYH\nKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi/YZneYp6\nZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0T\nAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G/\nS/AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G/S/AUa3Yj65RSozI6MAoG\nCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3B\nrgIhALqvgPUeaFm/1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI\n-----END CERTIFICATE-----\n','\n',char(10)),3,X'0404040404040404040404040404040404040404040404040404040404040404',X'0404040404040404040404040404040404040404040404040404040404040404',1800000000000,X'0102',X'0404040404040404040404040404040404040404040404040404040404040404',NULL,0,1800000000000,'federation.refused');
CREATE TABLE configurations (
    key TEXT PRIMARY KEY NOT NULL,
    contentType TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    updatedAt INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
INSERT INTO configurations VALUES('base','text/yaml',X'0606060606060606060606060606060606060606060606060606060606060606',1800000000000,X'613a2031');
CREATE TABLE groups (
    key TEXT PRIMARY KEY NOT NULL,
    createdAt INTEGER NOT NULL,
    configuration TEXT REFERENCES configurations (key)
) STRICT;
INSERT INTO "groups" VALUES('prod',1800000000000,'base');
CREATE TABLE bootstrapTokens (
    key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64),
    "group" TEXT REFERENCES groups (key) ON DELETE SET NULL,
    createdBy TEXT NOT NULL,
    createdAt INTEGER NOT NULL,
    expiresAt INTEGER NOT NULL,
    usedAt INTEGER,
    usedBy TEXT CHECK ((usedBy IS NULL) = (usedAt IS NULL))
) STRICT;
CREATE TABLE leaves (
    fingerprint TEXT PRIMARY KEY NOT NULL CHECK (length(fingerprint) = 64),
    der BLOB NOT NULL
) STRICT;
INSERT INTO leaves VALUES('8c1939e82280d8ce2ad5395abf4d17c519a4313437012ec97957d95167f16cfa',X'308201ce30820173a003020102020102300a06082a8648ce3d040302300d310b300906035504030c024341301e170d3237303131353037303030305a170d3237303431353038303030305a3010310e300c06035504030c056167656e743059301306072a8648ce3d020106082a8648ce3d030107034200041e50042e5ad94f274a1458e2dd8f0f049f5fa66100288abcc78c5a4caa04dcc6907cf94f0a40e1c9cfb438ec162e95e13d0caa1a57b34504bbfee59871cc680da381c03081bd300c0603551d130101ff04023000300e0603551d0f0101ff04040302078030130603551d25040c300a06082b06010505070302301d0603551d0e04160414c2513b46f4f0171f9cccca2b23bac7d37e4028dd301f0603551d2304183016801476a3cd19eb0741bf4bf0146b7623eb9452a3323a30480603551d110441303f863d75726e3a6f70616d702d68616e646f7665723a6167656e743a64346434643464342d643464342d643464342d643464342d643464346434643464346434300a06082a8648ce3d0403020349003046022100ad2b45b6e61e147e6fa71fa8908f5c2d21f0876c8110d70ed04b3acc8b6c38f4022100e90aedb1947e50a8931d3f641cd9f9df9646cd290069ef3f9eaa4bdcf1c4036e');
CREATE TABLE agents (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    displayName TEXT NOT NULL,
    instanceUID TEXT NOT NULL CHECK (length(instanceUID) = 36),
    leaf TEXT REFERENCES leaves (fingerprint),
    previousLeaf TEXT CHECK (length(previousLeaf) = 64),
    previousLeafUntil INTEGER,
    pendingLeaf TEXT REFERENCES leaves (fingerprint),
    leafRevoked INTEGER NOT NULL CHECK (leafRevoked IN (0, 1)),
    capabilities INTEGER NOT NULL,
    "group" TEXT REFERENCES groups (key),
    configuration TEXT REFERENCES configurations (key),
    presence TEXT NOT NULL
        CHECK (presence IN ('live', 'stale', 'offline', 'arriving', 'moved-to-peer', 'withdrawn')),
    movedTo TEXT CHECK ((movedTo IS NOT NULL) = (presence = 'moved-to-peer')),
    movedToName TEXT CHECK ((movedToName IS NULL) = (movedTo IS NULL)),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    lastSeen INTEGER,
    offeredSettings BLOB CHECK (length(offeredSettings) = 32),
    copyDetectedAt INTEGER,
    originPeer TEXT,
    originPeerName TEXT,
    originAgent TEXT,
    originHandover TEXT,
    CHECK ((originPeer IS NULL) = (originPeerName IS NULL)),
    CHECK ((originPeer IS NULL) = (originAgent IS NULL)),
    CHECK ((originPeer IS NULL) = (originHandover IS NULL))
) STRICT;
INSERT INTO agents VALUES('d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4','db-7','e5e5e5e5-e5e5-e5e5-e5e5-e5e5e5e5e5e5','8c1939e82280d8ce2ad5395abf4d17c519a4313437012ec97957d95167f16cfa','c25ec6a9a2fdb643b0aec6d23e5d6ac9fbfb02ac854c5463e9afdb66a924bf0b',1800000060000,NULL,1,-1,'prod','base','moved-to-peer','b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2','us',7,1800000000000,NULL,NULL,'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1','eu','d5d5d5d5-d5d5-d5d5-d5d5-d5d5d5d5d5d5','f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6');
CREATE TABLE reports (
    agent TEXT PRIMARY KEY NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    description BLOB,
    health BLOB,
    configurationStatus BLOB,
    effectiveConfiguration BLOB,
    components BLOB,
    tooLarge TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO reports VALUES('d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4',X'1a2a0a140a0c736572766963652e6e616d6512040a02646212120a076f732e7479706512070a056c696e7578',X'2a110801110500000000000000220477656c6c',X'3a0a0a02010210031a026e6f',NULL,NULL,'');
CREATE TABLE claims (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 32),
    text TEXT NOT NULL
) STRICT;
INSERT INTO claims VALUES('01010101010101010101010101010101','{"jti":"01010101010101010101010101010101","iss":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","aud":"b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2","iat":1800000001,"nbf":1800000001,"exp":1800003600,"cnf":{"x5t#S256":"jBk56CKA2M4q1Tlav00XxRmkMTQ3AS7JeVfZUWfxbPo"},"sub":"d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4","instance_uid":"e5e5e5e5-e5e5-e5e5-e5e5-e5e5e5e5e5e5","display_name":"db-7","capabilities":257,"target":{"name":"us","endpoint":"wss://us.example:4320/v1/opamp","serverCAs":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"],"tokenSigners":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"],"headers":[{"name":"X-Tenant","value":"a"}]},"source":{"name":"eu","agentCAs":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"]},"epoch":1,"probation":300,"purpose":"handover"}');
INSERT INTO claims VALUES('02020202020202020202020202020202','{"jti":"02020202020202020202020202020202","iss":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","aud":"b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2","iat":1800000002,"nbf":1800000002,"exp":1800003600,"cnf":{"x5t#S256":"jBk56CKA2M4q1Tlav00XxRmkMTQ3AS7JeVfZUWfxbPo"},"sub":"d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4","instance_uid":"e5e5e5e5-e5e5-e5e5-e5e5-e5e5e5e5e5e5","display_name":"db-7","capabilities":257,"target":{"name":"us","endpoint":"wss://us.example:4320/v1/opamp","serverCAs":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"],"tokenSigners":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"],"headers":[{"name":"X-Tenant","value":"a"}]},"source":{"name":"eu","agentCAs":["MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNzAxMTUwNzAwMDBaFw0yNzA0MTUwODAwMDBaMA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1AXLcMFMaoDMavrFFaq3KmKiZ4Yi_YZneYp6ZvviFCrm21BJz6rU3VLfNKTWgwVnQmbB0bllbAtc9pDXJEaosaNmMGQwEgYDVR0TAQH_BAgwBgEB_wIBADAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYEFHajzRnrB0G_S_AUa3Yj65RSozI6MB8GA1UdIwQYMBaAFHajzRnrB0G_S_AUa3Yj65RSozI6MAoGCCqGSM49BAMCA0kAMEYCIQDzXSUvvzxZxW0b5Yu1CwEpYNuN5wWZdsd8pyzSdl3BrgIhALqvgPUeaFm_1s8a0wAVGbeoHdUbmsio7OT1juKIFfOI"]},"epoch":1,"probation":300,"purpose":"handover"}');
CREATE TABLE handovers (
    role TEXT NOT NULL CHECK (role IN ('source', 'target')),
    id TEXT NOT NULL REFERENCES claims (id),
    phase TEXT NOT NULL,
    isOpen INTEGER NOT NULL CHECK (isOpen IN (0, 1)),
    concernsAgent INTEGER NOT NULL CHECK (concernsAgent IN (0, 1) AND concernsAgent >= isOpen),
    agent TEXT CHECK (agent IS NOT NULL OR role = 'target'),
    leaf TEXT NOT NULL CHECK (length(leaf) = 64),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    peer TEXT NOT NULL CHECK (length(peer) = 32),
    redemption TEXT,
    issuedAt INTEGER NOT NULL,
    deadline INTEGER,
    probationEnds INTEGER,
    returnsFrom INTEGER,
    offerHash BLOB,
    updatedAt INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (role, id),
    CHECK (CASE role
        WHEN 'source' THEN phase IN ('issued', 'redeemed', 'offered', 'leaving', 'moved', 'settled',
            'expired', 'cancelled', 'returned')
        ELSE phase IN ('previewed', 'redeeming', 'awaiting', 'connected', 'arrived', 'settled', 'lapsed',
            'withdrawn')
        END)
) STRICT;
INSERT INTO handovers VALUES('source','01010101010101010101010101010101','offered',1,1,'d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4','8c1939e82280d8ce2ad5395abf4d17c519a4313437012ec97957d95167f16cfa',1,'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2',NULL,1800000001000,NULL,NULL,NULL,NULL,1800000000000,4975709643383982222,'{"certificate":"repeat","claims":"01010101010101010101010101010101","notices":{"received":0,"refused":[],"sent":0},"offerHashes":[],"phase":"offered","tokenDigest":[1,2,3],"verification":[3,4659767778871345152]}');
INSERT INTO handovers VALUES('target','02020202020202020202020202020202','settled',0,0,'d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4','8c1939e82280d8ce2ad5395abf4d17c519a4313437012ec97957d95167f16cfa',1,'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1','77777777777777777777777777777777',1800000002000,1800000000000,1800000001000,NULL,X'0909',1800000000000,909499110633953357,'{"claims":"02020202020202020202020202020202","deadline":"2027-01-15T08:00:00.000Z","notices":{"received":0,"refused":[],"sent":0},"offerHash":[9,9],"offerHashes":[],"phase":"settled","probationEnds":"2027-01-15T08:00:01.000Z","redemption":{"arrivalTime":[4683,13897502818169782272],"id":"77777777777777777777777777777777","reusesRow":false,"row":"d4d4d4d4-d4d4-d4d4-d4d4-d4d4d4d4d4d4"},"tokenDigest":[4,5,6]}');
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    handover TEXT NOT NULL CHECK (length(handover) = 32),
    role TEXT NOT NULL CHECK (role IN ('source', 'target')),
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    peer TEXT NOT NULL CHECK (length(peer) = 32),
    notice TEXT NOT NULL,
    UNIQUE (handover, role, sequence)
) STRICT;
INSERT INTO outbox VALUES(1,'01010101010101010101010101010101','source',1,'b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2','{"type":"offered","epoch":1,"at":"2027-01-15T08:00:00.000Z","sequence":1,"facts":{}}');
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    entityType TEXT NOT NULL,
    entityID TEXT NOT NULL,
    before TEXT,
    after TEXT,
    sourceAddress TEXT,
    traceID TEXT,
    originPeerID TEXT,
    additional TEXT NOT NULL,
    previousHash BLOB NOT NULL CHECK (length(previousHash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    handover TEXT
) STRICT;
INSERT INTO audit VALUES(1,1800000000000,'test','admin','Group.Saved','group','1',NULL,NULL,NULL,NULL,NULL,'{}',X'0000000000000000000000000000000000000000000000000000000000000000',X'aadc4895b75266fffd12e264cc53962921399bf195e8cf48a921d10696e511c3',NULL);
INSERT INTO audit VALUES(2,1800000000000,'test','admin','Group.Saved','group','2',NULL,NULL,NULL,NULL,NULL,'{}',X'aadc4895b75266fffd12e264cc53962921399bf195e8cf48a921d10696e511c3',X'e2a62ec172cd484f3eecd470305ea53c18f83c1792aea889df33eb949538f978',NULL);
INSERT INTO audit VALUES(3,1800000000000,'test','admin','Group.Saved','group','3',NULL,NULL,NULL,NULL,NULL,'{}',X'e2a62ec172cd484f3eecd470305ea53c18f83c1792aea889df33eb949538f978',X'a87ae49d85b8c3c1212497b6e8d863a8c38c67339b4bef1d2139f055a23bbb4d',NULL);
CREATE TABLE auditCheckpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    count INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT;
CREATE TABLE changes (topic TEXT PRIMARY KEY NOT NULL, stamp INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES('configurations',1737039222000556960);
INSERT INTO changes VALUES('groups',7024833396770059894);
INSERT INTO changes VALUES('ownCertificates',-4944255731801711221);
INSERT INTO changes VALUES('peers',-3069982042495137764);
INSERT INTO changes VALUES('signingKeys',-8980292970892426354);
CREATE INDEX groups_configuration ON groups (configuration) WHERE configuration IS NOT NULL;
CREATE INDEX bootstrapTokens_group ON bootstrapTokens ("group") WHERE "group" IS NOT NULL;
CREATE UNIQUE INDEX agents_leaf ON agents (leaf) WHERE leaf IS NOT NULL;
CREATE INDEX agents_pendingLeaf ON agents (pendingLeaf, id) WHERE pendingLeaf IS NOT NULL;
CREATE INDEX agents_previousLeaf ON agents (previousLeaf, id) WHERE previousLeaf IS NOT NULL;
CREATE INDEX agents_instanceUID ON agents (instanceUID, id);
CREATE INDEX agents_group ON agents ("group", id) WHERE "group" IS NOT NULL;
CREATE INDEX agents_configuration ON agents (configuration, id) WHERE configuration IS NOT NULL;
CREATE INDEX handovers_leaf ON handovers (leaf, role, epoch);
CREATE INDEX handovers_binding ON handovers (leaf, role, epoch) WHERE isOpen = 1 OR phase = 'settled';
CREATE INDEX handovers_agent ON handovers (agent, role, epoch);
CREATE INDEX handovers_pending ON handovers (agent, role, epoch) WHERE concernsAgent = 1;
CREATE INDEX handovers_phase ON handovers (role, phase);
CREATE INDEX handovers_issued ON handovers (issuedAt, id);
CREATE INDEX handovers_open ON handovers (issuedAt, id) WHERE isOpen = 1;
CREATE INDEX handovers_open_side ON handovers (role, id) WHERE isOpen = 1;
CREATE INDEX audit_handover ON audit (handover, sequence) WHERE handover IS NOT NULL;
CREATE TRIGGER leaves_of_agents AFTER UPDATE OF leaf, pendingLeaf ON agents
BEGIN
    DELETE FROM leaves WHERE fingerprint IN (OLD.leaf, OLD.pendingLeaf)
        AND NOT EXISTS (SELECT 1 FROM agents WHERE leaf = fingerprint)
        AND NOT EXISTS (SELECT 1 FROM agents WHERE pendingLeaf = fingerprint);
END;
CREATE TRIGGER claims_never_change BEFORE UPDATE ON claims
BEGIN SELECT RAISE(ABORT, 'the claims of a handover never change'); END;
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_never_forgets BEFORE DELETE ON audit
WHEN OLD.sequence > (SELECT coalesce(max(sequence), 0) FROM auditCheckpoint)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_only_appends BEFORE INSERT ON audit
WHEN NEW.sequence IS NOT 1 + max(
    (SELECT coalesce(max(sequence), 0) FROM audit),
    (SELECT coalesce(max(sequence), 0) FROM auditCheckpoint))
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER peers_insert_stamp AFTER INSERT ON peers
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'peers'; END;
CREATE TRIGGER peers_update_stamp AFTER UPDATE ON peers
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'peers'; END;
CREATE TRIGGER peers_delete_stamp AFTER DELETE ON peers
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'peers'; END;
CREATE TRIGGER ownCertificates_insert_stamp AFTER INSERT ON ownCertificates
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'ownCertificates'; END;
CREATE TRIGGER ownCertificates_update_stamp AFTER UPDATE ON ownCertificates
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'ownCertificates'; END;
CREATE TRIGGER ownCertificates_delete_stamp AFTER DELETE ON ownCertificates
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'ownCertificates'; END;
CREATE TRIGGER signingKeys_insert_stamp AFTER INSERT ON signingKeys
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'signingKeys'; END;
CREATE TRIGGER signingKeys_update_stamp AFTER UPDATE ON signingKeys
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'signingKeys'; END;
CREATE TRIGGER signingKeys_delete_stamp AFTER DELETE ON signingKeys
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'signingKeys'; END;
CREATE TRIGGER groups_insert_stamp AFTER INSERT ON groups
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'groups'; END;
CREATE TRIGGER groups_update_stamp AFTER UPDATE ON groups
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'groups'; END;
CREATE TRIGGER groups_delete_stamp AFTER DELETE ON groups
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'groups'; END;
CREATE TRIGGER configurations_insert_stamp AFTER INSERT ON configurations
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'configurations'; END;
CREATE TRIGGER configurations_update_stamp AFTER UPDATE ON configurations
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'configurations'; END;
CREATE TRIGGER configurations_delete_stamp AFTER DELETE ON configurations
BEGIN UPDATE changes SET stamp = random() WHERE topic = 'configurations'; END;
COMMIT;
PRAGMA application_id = 1332758611;
PRAGMA user_version = 1;
