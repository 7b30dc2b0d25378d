using InverseScope.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]
