// Makes Chartroom's user: its own database, read and write. MongoDB runs this once, when
// its data folder is empty.
db.getSiblingDB("admin").createUser({
  user: "chartroom",
  pwd: process.env.MONGO_PASSWORD,
  roles: [{ role: "readWrite", db: "chartroom" }],
});
