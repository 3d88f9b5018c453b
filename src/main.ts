import 'reflect-metadata';
import { Module, Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { hello } from '@rapport/redis';
@Controller()
class C { @Get() x(): string { return hello; } }
@Module({ controllers: [C] })
class M {}
const app = await NestFactory.create(M, new FastifyAdapter());
await app.listen(0);
console.log(await app.getUrl());
await app.close();
