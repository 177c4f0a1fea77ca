// Makes Chartroom's two users. MongoDB runs this once, when its data folder is empty; on a
// server that is there already, run it by hand as often as you like:
//   MONGO_PASSWORD=... MONGO_AUDIT_PASSWORD=... mongosh ADMINISTRATOR'S-URL mongo-user.js
const admin = db.getSiblingDB("admin");
const audit = db.getSiblingDB("chartroom_audit");

// The files: its own database, read and write.
if (!admin.getUser("chartroom")) {
  admin.createUser({
    user: "chartroom",
    pwd: process.env.MONGO_PASSWORD,
    roles: [{ role: "readWrite", db: "chartroom" }],
  });
}

// The audit log: may be added to and read. Nobody of Chartroom's may change or delete it;
// the last index lets MongoDB itself delete what is more than ten years old.
if (!admin.getRole("chartroom_audit")) {
  admin.createRole({
    role: "chartroom_audit",
    privileges: [
      {
        resource: { db: "chartroom_audit", collection: "audit_logs" },
        actions: ["find", "insert"],
      },
    ],
    roles: [],
  });
}
if (!admin.getUser("chartroom_audit")) {
  admin.createUser({
    user: "chartroom_audit",
    pwd: process.env.MONGO_AUDIT_PASSWORD,
    roles: ["chartroom_audit"],
  });
}

const indexes = [
  [{ "event": 1 }, { "unique": true }],
  [{ "at": -1, "_id": -1 }, {}],
  [{ "actor_id": 1, "at": -1, "_id": -1 }, {}],
  [{ "patients": 1, "at": -1, "_id": -1 }, {}],
  [{ "action": 1, "at": -1, "_id": -1 }, {}],
  [{ "outcome": 1, "at": -1, "_id": -1 }, {}],
  [{ "subject_id": 1, "at": -1, "_id": -1 }, {}],
  [{ "shipped_at": 1 }, { "expireAfterSeconds": 318297600 }]
];
for (const [keys, options] of indexes) {
  audit.audit_logs.createIndex(keys, options);
}
